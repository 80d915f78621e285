// SPDX-License-Identifier: MIT
//
// The life of the program's address space as a picture: addresses across, with what was never used
// compressed, calls downward.
//
//               ls    [heap]   libc.so.6     [stack]
//   exec       |████|         |██|▒▒|██|    |▓▓▓|
//   mmap 8 KiB |████|         |██|▒▒|██||▓| |▓▓▓|
//   brk        |████| |▓▓▓▓|  |██|▒▒|██||▓| |▓▓▓|
//
// It is drawn when the program has ended, and now and then before, so that the file is a picture
// even if we are killed. It needs nothing but a viewer of SVG: no script, no font, nothing from
// elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "life.hpp"
#include "life_rows.hpp"
#include "output.hpp"

namespace follow {

/// What stands above a picture.
struct PictureTexts {
  std::string title;
  std::vector<std::string> notes;
};

/// The picture, as SVG.
std::string draw_life(LifeRows& life, const PictureTexts& texts);

class SvgPicture : public LifeReader {
 public:
  /// 0, or the errno of what kept the file from being made.
  [[nodiscard]] int open(const std::string& path) { return file_.open(path); }

  void begun(const Beginning& beginning) override;
  void appeared(const Moment& moment, const Appearance& appearance) override;
  void called(const Moment& moment, const MadeCall& made, const AreaChange& change) override;
  void mismatched(const Moment& moment, std::uint64_t call, std::string_view text) override;
  void lost(const Moment& moment, const Call& call) override;
  void changed_between_calls(const Moment& moment, const AreaChange& change) override;
  void ended(const Ending& ending) override;
  [[nodiscard]] bool close() override { return file_.close(); }

 private:
  bool is_drawn(const Moment& moment) const { return space_ != 0 && moment.space == space_; }

  void add(LifeRow row, const AreaChange& change);
  void sketch();
  [[nodiscard]] std::string draw(std::uint64_t mismatches, std::string_view state);

  using Clock = std::chrono::steady_clock;

  Recording file_;
  Clock::time_point drawn_{};
  Clock::duration cost_{};  // Of drawing it last.
  std::uint64_t mismatches_ = 0;
  LifeRows life_;
  Beginning beginning_;
  std::uint64_t space_ = 0;  // Of which the life is; 0: none yet.
  pid_t process_ = 0;
  std::string program_;
  std::optional<std::pair<std::uint64_t, std::string>> mismatch_;  // The last: its call, its text.
  std::vector<std::string> earlier_;  // Programs that the process ran before.
  std::uint64_t others_ = 0;          // Spaces that are not drawn.
};

}  // namespace follow
