// SPDX-License-Identifier: MIT
//
// Writes an address space as /proc/PID/maps would, byte for byte (rules 33).
//
//   using namespace vmarea::shims;
//   std::string text = maps_text(space, names);      AreaNames, such as the files of import_smaps()
//   std::string line = smaps_flags(area.flags);      "VmFlags: rd wr mr mw me ac \n"
//
// A path comes from the first that knows one: the file, a special mapping, [heap], [stack], the
// name that the process gave.
#pragma once

#include <string>
#include <string_view>

#include <vmarea/address_space.hpp>
#include <vmarea_shims/proc/area_names.hpp>
#include <vmarea_shims/proc/maps_line.hpp>
#include <vmarea_shims/proc/smaps_field.hpp>

namespace vmarea::shims {

/// The line that ends every maps of x86-64 where the page is shown; it is no area.
inline constexpr std::string_view vsyscall_line =
    "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n";

/// The offset that maps shows: that into the file, and none for other memory.
template <class Host>
std::uint64_t shown_offset(const Description<Host>& area, const Geometry& geometry) noexcept {
  const bool has_file = !(area.file == typename Host::FileHandle{});
  return has_file ? area.page_offset << geometry.page_shift : 0;
}

/// The name of an area that its file does not tell; empty if it has none.
template <KernelServices Host, class Names>
std::string area_name(const AddressSpace<Host>& space, const Description<Host>& area,
                      const Names& names) {
  const SpaceLayout& layout = space.layout();
  if (const auto special = special_name<Host>(area.hooks); !special.empty()) {
    return std::string(special);
  }
  const bool is_file = !(area.file == typename Host::FileHandle{});
  if (!is_file && area.range().overlaps({layout.start_brk, layout.brk})) return "[heap]";
  const bool holds_stack = layout.start_stack != 0 && area.range().contains(layout.start_stack);
  if (!is_file && holds_stack) return "[stack]";
  if (area.attributes == nullptr || area.attributes->name == 0) return {};
  const std::string_view name = names.memory_name(area.attributes->name);
  return (is_file ? "[anon_shmem:" : "[anon:") + std::string(name) + "]";
}

/// Adds the line of one area to `text`.
template <KernelServices Host, class Names = NoNames>
void append_area(std::string& text, const AddressSpace<Host>& space, const Description<Host>& area,
                 const Names& names = {}) {
  static_assert(AreaNames<Names, Host>, "names answer shown_file(area) and memory_name(name)");
  MapsLine line{.range = area.range(), .letters = shown_letters(area.flags)};
  line.offset_bytes = shown_offset(area, space.services().geometry());
  const ShownFile file = names.shown_file(area);
  line.device = file.device;
  line.inode = file.inode;
  std::string name = area_name(space, area, names);
  const bool is_named = area.attributes != nullptr && area.attributes->name != 0;
  line.path = is_named || file.path.empty() ? std::string_view(name) : file.path;
  append_maps_line(text, line);
}

/// All areas, a line each.
template <KernelServices Host, class Names = NoNames>
std::string maps_text(const AddressSpace<Host>& space, const Names& names = {}) {
  std::string text;
  for (const auto& area : space.areas()) append_area<Host>(text, space, area, names);
  return text;
}

}  // namespace vmarea::shims
