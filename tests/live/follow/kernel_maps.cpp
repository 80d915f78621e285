// SPDX-License-Identifier: MIT
#include "kernel_maps.hpp"

#include <cerrno>
#include <charconv>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <vmarea/rules/explain.hpp>

#include "support/flag_letters.hpp"

namespace follow {
namespace {

namespace flag = vmarea::flag;

// Interfaces newer than the headers of the build host, as their documentation defines them.
struct PageRegion {
  std::uint64_t start, end, categories;
};
struct PageScan {
  std::uint64_t size, flags, start, end, walk_end, regions, region_count, max_pages;
  std::uint64_t category_inverted, category_mask, category_any_of, return_mask;
};
struct MapsQuery {
  std::uint64_t size, flags, address, start, end, area_flags, page_size, offset, inode;
  std::uint32_t device_major, device_minor, name_size, build_id_size;
  std::uint64_t name_address, build_id_address;
};
constexpr unsigned long request_page_scan = _IOWR('f', 16, PageScan);
constexpr unsigned long request_maps_query = _IOWR('f', 17, MapsQuery);

constexpr std::uint64_t page_is_file = 1 << 2, page_is_present = 1 << 3, page_is_swapped = 1 << 4;
constexpr std::uint64_t page_is_zero = 1 << 5, page_is_huge = 1 << 6, page_is_guard = 1 << 8;

int open_file(pid_t task, const char* name) {
  return open(fmt::format("/proc/{}/{}", task, name).c_str(), O_RDONLY | O_CLOEXEC);
}

/// Takes one number off the front of the text, and the character after it.
template <class Number>
bool take(std::string_view& text, Number& value, int base) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{}) return false;
  const auto used = static_cast<std::size_t>(end - text.data());
  text.remove_prefix(std::min(used + 1, text.size()));
  return true;
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

bool is_area(const KernelArea& area) {
  return area.name != "[vsyscall]";
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

bool parse_maps_line(std::string_view line, KernelArea& area) {
  const std::size_t end_of_range = line.find(' ');
  if (end_of_range == std::string_view::npos || line.find('-') > end_of_range) return false;
  if (!take(line, area.start, 16) || !take(line, area.end, 16) || line.size() < 5) return false;
  area.access = vmarea::Flags{}
                    .with_if(line[0] == 'r', flag::read)
                    .with_if(line[1] == 'w', flag::write)
                    .with_if(line[2] == 'x', flag::exec)
                    .with_if(line[3] == 's', flag::shared);
  line.remove_prefix(5);
  if (!take(line, area.offset_bytes, 16) || !take(line, area.file.major, 16) ||
      !take(line, area.file.minor, 16) || !take(line, area.file.inode, 10)) {
    return false;
  }
  const std::size_t name = line.find_first_not_of(' ');
  area.name = name == std::string_view::npos ? std::string_view{} : line.substr(name);
  area.flags.reset();
  return true;
}

vmarea::Flags parse_flag_codes(std::string_view codes) {
  vmarea::Flags flags;
  while (codes.size() >= 2) {
    flags |= vmarea::flag_named(codes[0], codes[1]);
    codes.remove_prefix(std::min<std::size_t>(3, codes.size()));
  }
  return flags;
}

std::string print_access(vmarea::Flags flags) {
  return fmt::format("{}{}{}{}", flags.has_any(flag::read) ? 'r' : '-',
                     flags.has_any(flag::write) ? 'w' : '-', flags.has_any(flag::exec) ? 'x' : '-',
                     flags.has_any(flag::shared) ? 's' : 'p');
}

const std::vector<KernelArea>& KernelSpace::read_areas() {
  std::string_view text = read_text(maps_);
  std::size_t count = 0;
  while (!text.empty()) {
    if (areas_.size() == count) areas_.emplace_back();
    if (parse_maps_line(take_line(text), areas_[count]) && is_area(areas_[count])) ++count;
  }
  areas_.resize(count);
  return areas_;
}

std::vector<KernelArea> KernelSpace::read_areas_with_flags() {
  constexpr std::string_view label = "VmFlags: ";
  std::vector<KernelArea> areas;
  KernelArea area;
  bool inside = false;
  bool has_key = false;
  std::string_view text = read_text(smaps_);
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (inside && line.starts_with(label)) {
      const bool hidden = has_key && area.access == flag::exec;
      area.flags = parse_flag_codes(line.substr(label.size())).with_if(hidden, flag::execute_only);
      if (is_area(area)) areas.push_back(area);
      inside = false;
    } else if (inside && vmarea::test::names_protection_key(line)) {
      has_key = true;
    } else if (!inside) {
      has_key = false;
      inside = parse_maps_line(line, area);
    }
  }
  return areas;
}

std::optional<vmarea::Address> KernelSpace::find_anonymous_page(vmarea::Range range,
                                                                bool huge_zero_counts) {
  PageRegion region{};
  PageScan scan{};
  scan.size = sizeof scan;
  scan.start = range.start;
  scan.end = range.end;
  scan.regions = reinterpret_cast<std::uint64_t>(&region);
  scan.region_count = 1;
  scan.max_pages = 1;
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

std::optional<vmarea::Range> KernelSpace::find_range(vmarea::Address at) {
  MapsQuery query{};
  query.size = sizeof query;
  query.address = at;
  if (ioctl(maps_, request_maps_query, &query) != 0) return std::nullopt;
  return vmarea::Range{query.start, query.end};
}

}  // namespace follow
