// SPDX-License-Identifier: MIT
//
// The life of the followed spaces as JSON Lines: a line for each event, written when it happens, so
// that a file is whole up to the moment when follow itself was ended, however long it got.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "life.hpp"
#include "output.hpp"

namespace follow {

class JsonLines : public LifeReader {
 public:
  /// 0, or the errno of what kept the file from being made.
  [[nodiscard]] int open(const std::string& path) { return file_.open(path); }

  void begun(const Beginning& beginning) override;
  void appeared(const Moment& moment, const Appearance& appearance) override;
  void shared(const Moment& moment) override;
  void called(const Moment& moment, const MadeCall& made, const AreaChange& change) override;
  void lost(const Moment& moment, const Call& call) override;
  void changed_between_calls(const Moment& moment, const AreaChange& change) override;
  void mismatched(const Moment& moment, std::uint64_t call, std::string_view text) override;
  void unfollowed(const Moment& moment, std::string_view reason) override;
  void exiting(const Moment& moment, std::uint64_t calls) override;
  void gone(const Moment& moment) override;
  void ended(const Ending& ending) override;
  [[nodiscard]] bool close() override { return file_.close(); }

 private:
  Recording file_;
};

}  // namespace follow
