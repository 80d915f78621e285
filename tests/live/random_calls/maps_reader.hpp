// SPDX-License-Identifier: MIT
//
// What the kernel says of this process: the areas of the arena after every call, by a program
// inside the kernel where one may be loaded, or else from the text of maps if little lies below
// the arena; if not, by the PROCMAP_QUERY ioctl, or from smaps on kernels without it; all flags
// from smaps; and page totals from status. It allocates nothing after construction.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include <vmarea_shims/proc/maps_line.hpp>
#include <vmarea_shims/proc/smaps_field.hpp>

#include "live/area_program/area_program.hpp"
#include "live/area_program/flag_bits.hpp"
#include "live/random_calls/arena.hpp"
#include "live/random_calls/picture.hpp"
#include "vmarea/space/space_state.hpp"

namespace vmarea::live {

class MapsReader {
 public:
  explicit MapsReader(const AreaProgram& program);
  ~MapsReader();
  MapsReader(const MapsReader&) = delete;
  MapsReader& operator=(const MapsReader&) = delete;

  /// The view of the program that is this process's, and what its bits were found to mean.
  void use(unsigned view, FlagBits& bits);
  /// To be called first in a child made by fork: the open files show the parent's areas.
  void reopen();

  /// Areas that have a byte in [arena_start, end), and how much of them is known. `expected`: what
  /// the picture will probably be, so that no more text is made than it takes.
  Detail read_areas(Picture& picture, std::uint64_t end, const Picture& expected);
  /// The same from smaps, with all flags.
  void read_all_flags(Picture& picture, std::uint64_t end);
  /// Pages of the whole process by class.
  PageTotals read_totals() const;
  /// Pages of the whole machine: what is promised to all processes, and what there is.
  static std::int64_t read_committed();
  static std::uint64_t read_memory_pages();

  /// Calls visit(const SeenArea&) for every area of the process, with all flags.
  template <class Visit>
  void for_each_area(Visit&& visit);

 private:
  /// The lines of a file, read piece by piece.
  class Lines {
   public:
    Lines(int file, char* buffer, std::size_t size);
    bool next(std::string_view& line);

   private:
    int file_;
    char* buffer_;
    std::size_t size_;
    std::size_t from_ = 0;
    std::size_t upto_ = 0;
  };

  bool view_areas(Picture& picture, std::uint64_t end);
  void learn_bits(std::span<const ViewedArea> areas, std::uint64_t end);
  bool has_query() const;
  void query_areas(Picture& picture, std::uint64_t end) const;
  bool parse_maps(std::string_view text, Picture& picture, std::uint64_t end);
  /// Takes a line of smaps; true if `area` is complete with it.
  static bool take_smaps_line(std::string_view line, SeenArea& area, shims::SmapsFields& fields);
  void close_all();

  static constexpr std::size_t buffer_size = std::size_t{256} << 10;

  const AreaProgram& program_;
  unsigned view_ = 0;
  FlagBits* bits_ = nullptr;  // Null as long as nobody uses this.
  Picture from_smaps_;
  int maps_ = -1;
  int smaps_ = -1;
  int status_ = -1;
  bool arena_is_low_ = true;     // Whether few areas lie below it.
  std::size_t areas_below_ = 0;  // As maps had it last.
  bool has_query_ = false;
  std::unique_ptr<char[]> buffer_;
};

template <class Visit>
void MapsReader::for_each_area(Visit&& visit) {
  Lines lines(smaps_, buffer_.get(), buffer_size);
  SeenArea area;
  shims::SmapsFields fields;
  for (std::string_view line; lines.next(line);) {
    if (take_smaps_line(line, area, fields) && !visit(static_cast<const SeenArea&>(area))) return;
  }
}

}  // namespace vmarea::live
