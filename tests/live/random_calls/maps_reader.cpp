// SPDX-License-Identifier: MIT
#include "live/random_calls/maps_reader.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include "live/area_query.hpp"

namespace vmarea::live {
namespace {

using std::string_view;
using std::uint64_t;

/// What maps tells of an area by its letters, as areas have it.
Flags flags_of_letters(Flags letters) {
  return (letters & flag::access).with_if(letters.has_any(flag::shared), flag::may_share);
}

/// The "start-end rwxp offset ..." line of an area; false for any other line of smaps.
bool parse_head(string_view text, SeenArea& area) {
  shims::LineReader reader(text);
  shims::MapsLine line;
  if (!take_maps_head(reader, line)) return false;
  area = {line.range.start, line.range.end, flags_of_letters(line.letters), line.offset_bytes, 0};
  return true;
}

/// The pages in the line of /proc/self/status that begins with `name`.
std::int64_t pages_in(string_view text, string_view name) {
  const std::size_t at = text.find(name);
  if (at == string_view::npos) return 0;
  std::int64_t kilobytes = 0;
  text.remove_prefix(at + name.size());
  for (const char c : text.substr(0, text.find('\n'))) {
    if (c >= '0' && c <= '9') kilobytes = kilobytes * 10 + (c - '0');
  }
  return kilobytes * 1024 / std::int64_t{page};
}

int open_or_die(const char* path) {
  const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) abort();
  return descriptor;
}

std::int64_t pages_of_machine(string_view name) {
  std::array<char, 8192> buffer;
  const int file = open_or_die("/proc/meminfo");
  const ssize_t size = pread(file, buffer.data(), buffer.size(), 0);
  close(file);
  return pages_in({buffer.data(), size > 0 ? static_cast<std::size_t>(size) : 0}, name);
}

/// The text of maps for these areas and the one behind them.
std::size_t text_size(const Picture& picture, std::size_t below) {
  constexpr std::size_t line = 50;
  constexpr std::size_t line_with_name = 73 + 24;
  std::size_t size = line + below * line_with_name;
  for (const SeenArea& area : picture.areas()) {
    size += area.anonymous_offset != 0 ? line : line_with_name;
  }
  return size;
}

}  // namespace

MapsReader::MapsReader(const AreaProgram& program)
    : program_(program), buffer_(std::make_unique<char[]>(buffer_size)) {
  reopen();
  has_query_ = has_query();
}

MapsReader::~MapsReader() {
  close_all();
}

void MapsReader::close_all() {
  close(maps_);
  close(smaps_);
  close(status_);
}

void MapsReader::use(unsigned view, FlagBits& bits) {
  view_ = view;
  bits_ = &bits;
}

void MapsReader::reopen() {
  if (maps_ >= 0) close_all();
  maps_ = open_or_die("/proc/self/maps");
  smaps_ = open_or_die("/proc/self/smaps");
  status_ = open_or_die("/proc/self/status");
}

bool MapsReader::has_query() const {
  AreaQuery query;
  return query_area(maps_, 0, query);
}

Detail MapsReader::read_areas(Picture& picture, uint64_t end, const Picture& expected) {
  if (view_areas(picture, end)) return full_detail;
  std::size_t size = 0;
  picture.clear();
  while (arena_is_low_) {
    constexpr std::size_t piece = 512;
    const std::size_t more = size == 0 ? text_size(expected, areas_below_) : piece;
    const std::size_t wanted = std::min(more, buffer_size - 1 - size);
    const ssize_t got = pread(maps_, buffer_.get() + size, wanted, static_cast<off_t>(size));
    if (got <= 0) break;
    size += static_cast<std::size_t>(got);
    if (parse_maps({buffer_.get(), size}, picture, end)) return quick_detail;
    picture.clear();
  }
  if (!has_query_) {
    read_all_flags(picture, end);
    return all_flags_detail;
  }
  query_areas(picture, end);
  return quick_detail;
}

/// False if there is no program, or what it wrote down could not be understood.
bool MapsReader::view_areas(Picture& picture, uint64_t end) {
  std::span<const ViewedArea> areas;
  if (bits_ == nullptr || !program_.read(view_, arena_start, end, areas)) return false;
  picture.clear();
  for (const ViewedArea& area : areas) {
    Flags flags;
    if (!bits_->decode(area.bits, flags)) {
      learn_bits(areas, end);
      if (!bits_->decode(area.bits, flags)) return false;
    }
    const bool anonymous = area.file == 0;
    picture.add({area.start, area.end, flags, anonymous ? 0 : area.page_offset * page,
                 area.identity, anonymous ? area.page_offset : 0});
  }
  return true;
}

/// Asks smaps what areas that were viewed have; nothing is learned if it sees others.
void MapsReader::learn_bits(std::span<const ViewedArea> areas, uint64_t end) {
  read_all_flags(from_smaps_, end);
  const std::span<const SeenArea> seen = std::as_const(from_smaps_).areas();
  const auto same_range = [](const ViewedArea& a, const SeenArea& b) {
    return a.start == b.start && a.end == b.end;
  };
  if (!std::equal(areas.begin(), areas.end(), seen.begin(), seen.end(), same_range)) return;
  for (std::size_t i = 0; i < seen.size(); ++i) bits_->learn(areas[i].bits, seen[i].flags);
}

/// True if the text reaches behind the arena.
bool MapsReader::parse_maps(string_view text, Picture& picture, uint64_t end) {
  constexpr std::size_t few = 128;
  areas_below_ = 0;
  while (true) {
    const std::size_t line_end = text.find('\n');
    SeenArea area;
    // The beginning of a line is enough to see that it lies behind the arena.
    if (!parse_head(text.substr(0, line_end), area)) return false;
    if (area.end <= arena_start && ++areas_below_ > few) arena_is_low_ = false;
    if (area.start >= end) return true;
    if (line_end == string_view::npos) return false;
    if (area.end > arena_start) picture.add(area);
    text.remove_prefix(line_end + 1);
  }
}

void MapsReader::query_areas(Picture& picture, uint64_t end) const {
  AreaQuery query;
  for (uint64_t at = arena_start; at < end; at = query.end) {
    if (!query_area(maps_, at, query) || query.start >= end) return;
    picture.add({query.start, query.end, flags_of_letters(letters_of(query)), query.offset, 0});
  }
}

void MapsReader::read_all_flags(Picture& picture, uint64_t end) {
  picture.clear();
  for_each_area([&](const SeenArea& area) {
    if (area.start >= end) return false;
    if (area.end > arena_start) picture.add(area);
    return true;
  });
}

MapsReader::Lines::Lines(int file, char* buffer, std::size_t size)
    : file_(file), buffer_(buffer), size_(size) {
  lseek(file_, 0, SEEK_SET);
}

bool MapsReader::Lines::next(string_view& line) {
  while (true) {
    const string_view text(buffer_ + from_, upto_ - from_);
    if (const std::size_t end = text.find('\n'); end != string_view::npos) {
      line = text.substr(0, end);
      from_ += end + 1;
      return true;
    }
    std::memmove(buffer_, text.data(), text.size());
    from_ = 0;
    upto_ = text.size();
    // A small piece: who looks for the arena alone needs no more.
    constexpr std::size_t piece = 4096;
    if (size_ - upto_ < piece) return false;
    const ssize_t got = ::read(file_, buffer_ + upto_, piece);
    if (got <= 0) return false;
    upto_ += static_cast<std::size_t>(got);
  }
}

bool MapsReader::take_smaps_line(string_view line, SeenArea& area, shims::SmapsFields& fields) {
  if (!shims::is_smaps_field(line)) {
    if (!parse_head(line, area)) std::abort();
    fields = {};
    return false;
  }
  shims::LineReader reader(line);
  if (!take_smaps_field(reader, fields)) std::abort();
  area.flags = flags_of(fields);
  return fields.has_flags;
}

std::int64_t MapsReader::read_committed() {
  return pages_of_machine("\nCommitted_AS:");
}

uint64_t MapsReader::read_memory_pages() {
  return static_cast<uint64_t>(pages_of_machine("MemTotal:") + pages_of_machine("\nSwapTotal:"));
}

PageTotals MapsReader::read_totals() const {
  std::array<char, 4096> buffer;
  const ssize_t size = pread(status_, buffer.data(), buffer.size(), 0);
  const string_view text(buffer.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  PageTotals totals;
  totals.total = pages_in(text, "\nVmSize:");
  totals.data = pages_in(text, "\nVmData:");
  totals.exec = pages_in(text, "\nVmExe:") + pages_in(text, "\nVmLib:");
  totals.stack = pages_in(text, "\nVmStk:");
  totals.locked = pages_in(text, "\nVmLck:");
  return totals;
}

}  // namespace vmarea::live
