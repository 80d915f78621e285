// SPDX-License-Identifier: MIT
#include "kernel_maps.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <vmarea/types/range.hpp>
#include <vmarea_shims/maps_text.hpp>

#include "live/area_query.hpp"

namespace follow {
namespace {

// Newer than the headers of the build host; as its documentation defines it.
struct PageRegion {
  std::uint64_t start, end, categories;
};
struct PageScan {
  std::uint64_t size, flags, start, end, walk_end, regions, region_count, max_pages;
  std::uint64_t category_inverted, category_mask, category_any_of, return_mask;
};
constexpr unsigned long request_page_scan = _IOWR('f', 16, PageScan);
constexpr std::uint64_t page_is_file = 1 << 2, page_is_present = 1 << 3, page_is_swapped = 1 << 4;
constexpr std::uint64_t page_is_zero = 1 << 5, page_is_huge = 1 << 6, page_is_guard = 1 << 8;

// What pagemap says of a page, and kpageflags of its frame, as their documentation has it.
constexpr std::uint64_t frame_mask = (std::uint64_t{1} << 55) - 1;
constexpr std::uint64_t entry_is_shared = std::uint64_t{1} << 61;  // Of a file, or of all.
constexpr std::uint64_t entry_is_swapped = std::uint64_t{1} << 62;
constexpr std::uint64_t entry_is_present = std::uint64_t{1} << 63;
constexpr std::uint64_t frame_is_huge = 1 << 22, frame_is_zero_page = 1 << 24;

int open_file(pid_t task, const char* name) {
  return open(fmt::format("/proc/{}/{}", task, name).c_str(), O_RDONLY | O_CLOEXEC);
}

/// What is known of an area by its line. Its name is given the memory that it had.
void take_line_of(const vmarea::shims::MapsLine& line, KernelArea& area) {
  area.start = line.range.start;
  area.end = line.range.end;
  area.access = line.letters;
  area.offset_bytes = line.offset_bytes;
  area.file = {line.device.major, line.device.minor, line.inode};
  area.name = line.path;
  if (area.name.find('\\') != std::string::npos) {
    area.name = vmarea::shims::unescape_path(line.path);
  }
  area.flags.reset();
}

/// The kernel's frames; -1 where they may not be seen.
int frames_file() {
  static const int file = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
  return file;
}

bool is_anonymous(std::uint64_t entry, bool huge_zero_counts) {
  if ((entry & entry_is_shared) != 0) return false;
  if ((entry & entry_is_swapped) != 0) return true;
  if ((entry & entry_is_present) == 0) return false;
  std::uint64_t frame = 0;
  const auto at = static_cast<off_t>((entry & frame_mask) * sizeof frame);
  if (pread(frames_file(), &frame, sizeof frame, at) != sizeof frame) return true;
  return (frame & frame_is_zero_page) == 0 || (huge_zero_counts && (frame & frame_is_huge) != 0);
}

/// The same as a scan, page by page.
std::optional<vmarea::Address> read_anonymous_page(int pagemap, vmarea::Range range,
                                                   bool huge_zero_counts) {
  constexpr vmarea::Geometry geometry{};
  std::array<std::uint64_t, 8192> entries;
  for (vmarea::Address at = range.start; at < range.end;) {
    const std::uint64_t wanted = std::min(geometry.pages(range.end - at), entries.size());
    const ssize_t got = pread(pagemap, entries.data(), wanted * sizeof entries[0],
                              static_cast<off_t>(geometry.pages(at) * sizeof entries[0]));
    if (got <= 0) break;
    const std::size_t count = static_cast<std::size_t>(got) / sizeof entries[0];
    for (const std::uint64_t entry : std::span(entries).first(count)) {
      if (is_anonymous(entry, huge_zero_counts)) return at;
      at += geometry.page_size();
    }
  }
  return std::nullopt;
}

/// One that ends with the first page it finds; what it looks for is still to be said.
PageScan scan_for_one_page(vmarea::Range range, PageRegion& found) {
  PageScan scan{};
  scan.size = sizeof scan;
  scan.start = range.start;
  scan.end = range.end;
  scan.regions = reinterpret_cast<std::uint64_t>(&found);
  scan.region_count = 1;
  scan.max_pages = 1;
  return scan;
}

}  // namespace

KernelSpace::KernelSpace(pid_t task)
    : maps_(open_file(task, "maps")),
      smaps_(open_file(task, "smaps")),
      pagemap_(open_file(task, "pagemap")) {}

KernelSpace::~KernelSpace() {
  for (int file : {maps_, smaps_, pagemap_}) {
    if (file >= 0) close(file);
  }
}

std::string_view KernelSpace::read_text(int file) {
  constexpr std::size_t room = 1 << 16;
  std::size_t used = 0;
  if (file < 0 || lseek(file, 0, SEEK_SET) != 0) return {};
  for (;;) {
    if (text_.size() < used + room) text_.resize(2 * used + room);
    const ssize_t count = read(file, text_.data() + used, text_.size() - used);
    if (count <= 0) return {text_.data(), used};
    used += static_cast<std::size_t>(count);
  }
}

std::string_view KernelSpace::read_maps() {
  std::string_view text = read_text(maps_);
  if (text.ends_with(vmarea::shims::vsyscall_line)) {
    text.remove_suffix(vmarea::shims::vsyscall_line.size());
  }
  maps_size_ = text.size();
  return text;
}

const std::vector<KernelArea>& KernelSpace::read_areas() {
  std::string_view text = read_maps();
  std::size_t count = 0;
  while (!text.empty()) {
    vmarea::shims::LineReader reader(vmarea::shims::take_line(text));
    vmarea::shims::MapsLine line;
    if (!take_maps_line(reader, line)) continue;
    if (areas_.size() == count) areas_.emplace_back();
    take_line_of(line, areas_[count++]);
  }
  areas_.resize(count);
  return areas_;
}

std::vector<KernelArea> KernelSpace::read_areas_with_flags() {
  std::vector<KernelArea> areas;
  for (const auto& shown : vmarea::shims::parse_smaps(read_text(smaps_)).areas) {
    KernelArea& area = areas.emplace_back();
    take_line_of(shown.line, area);
    area.flags = flags_of(shown.fields);
  }
  return areas;
}

std::optional<vmarea::Address> KernelSpace::find_anonymous_page(vmarea::Range range,
                                                                bool huge_zero_counts) {
  if (!has_scan()) return read_anonymous_page(pagemap_, range, huge_zero_counts);
  PageRegion region{};
  PageScan scan = scan_for_one_page(range, region);
  scan.category_mask = page_is_file | page_is_zero | page_is_guard;
  scan.category_inverted = scan.category_mask;
  scan.category_any_of = page_is_present | page_is_swapped;
  scan.return_mask = page_is_present | page_is_swapped;
  long found = ioctl(pagemap_, request_page_scan, &scan);
  if (found < 0 && errno == EINVAL) {  // A kernel that does not know guard pages.
    scan.category_mask = scan.category_inverted = page_is_file | page_is_zero;
    found = ioctl(pagemap_, request_page_scan, &scan);
  }
  if (found > 0) return region.start;
  if (!huge_zero_counts) return std::nullopt;
  scan.category_mask = page_is_zero | page_is_huge | page_is_present;
  scan.category_inverted = 0;
  scan.category_any_of = 0;
  if (ioctl(pagemap_, request_page_scan, &scan) > 0) return region.start;
  return std::nullopt;
}

bool KernelSpace::has_scan() {
  static const bool has = [] {
    PageRegion region{};
    PageScan scan = scan_for_one_page({}, region);
    const KernelSpace ours(getpid());
    return ioctl(ours.pagemap_, request_page_scan, &scan) >= 0;
  }();
  return has;
}

bool KernelSpace::shows_pages() {
  return has_scan() || frames_file() >= 0;
}

bool KernelSpace::has_guard_page(vmarea::Range range) const {
  PageRegion region{};
  PageScan scan = scan_for_one_page(range, region);
  scan.category_mask = page_is_guard;
  scan.return_mask = page_is_guard;
  return ioctl(pagemap_, request_page_scan, &scan) > 0;
}

std::optional<KernelArea> KernelSpace::find_at_or_above(vmarea::Address at) {
  if (!has_queries()) return find_in_text(at);
  vmarea::live::AreaQuery query;
  if (!query_area(maps_, at, query)) return std::nullopt;
  KernelArea area;
  area.start = query.start;
  area.end = query.end;
  area.access = letters_of(query);
  area.offset_bytes = query.offset;
  area.file = {query.device_major, query.device_minor, query.inode};
  return area;
}

std::optional<KernelArea> KernelSpace::find_in_text(vmarea::Address at) {
  for (const KernelArea& area : read_areas()) {
    if (area.end > at) return area;
  }
  return std::nullopt;
}

bool KernelSpace::has_queries() {
  static const bool has = [] {
    vmarea::live::AreaQuery query;
    return query_area(KernelSpace(getpid()).maps_, 0, query);
  }();
  return has;
}

}  // namespace follow
