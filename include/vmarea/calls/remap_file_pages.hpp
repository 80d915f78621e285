// SPDX-License-Identifier: MIT
//
// remap_file_pages (rules 12.2-remap_file_pages; remap_file_pages(2)), as Linux has it since 4.0: a
// fixed shared mapping of the same file at another offset.
//
//   before   [file, pages 0 ........ )        pages of [2,4) from page 20 on
//   after    [0 )[20, 21)[4 ........ )
#pragma once

#include "vmarea/calls/mmap_huge.hpp"

namespace vmarea {

/// Arguments of remap_file_pages.
struct RemapFileRequest {
  Address address = 0;            // Rounded down, as the length is.
  std::uint64_t length = 0;       // Bytes.
  Protection protection{};        // None, for memory keeps what it has.
  std::uint64_t page_offset = 0;  // Pages.
  MapFlags flags{};               // Only map::non_block is looked at.
};

/// Whether areas cover the range that are of the file of `first` and have its flags.
template <class Host>
bool is_of_one_mapping(const SpaceState<Host>& space, Range range,
                       const Area<Host>& first) noexcept {
  const bool differs = any_in(space, range, [&first](const Area<Host>& area) {
    return area.file != first.file || area.flags != first.flags;
  });
  return !differs && is_covered(space, range);
}

/// Answers the address where it mapped, of which the system call makes 0. What the areas there had
/// of own data is replaced by a copy of the first one's. Errors: invalid (a protection, no length,
/// an end or offsets that wrap, no shared mapping of a file that may be written, areas that
/// differ, a part of a huge page), and those of plan_mmap.
template <class Host>
StepPlan<Host, Address> plan_remap_file_pages(const SpaceState<Host>& space,
                                              const RemapFileRequest& request) noexcept {
  const Geometry geometry = space.services.geometry();
  const Address start = geometry.round_down(request.address);
  const Range range{start, start + geometry.round_down(request.length)};
  const PageCount pages = geometry.pages(range.length());
  const bool wraps = range.empty() || request.page_offset + pages < request.page_offset;
  if (!request.protection.empty() || wraps) return Error::invalid;
  const Area<Host>* const area = find_area(space, start);
  const bool is_shared_file = area != nullptr && area->flags.has_any(flag::shared) &&
                              area->file != typename Host::FileHandle{};
  if (!is_shared_file || !is_of_one_mapping(space, range, *area)) return Error::invalid;
  if ((range.length() & area->huge_page_mask()) != 0) return Error::invalid;
  // An offset whose bytes are past the last number is past the end of any file.
  const PageCount offset_max = geometry.pages(~std::uint64_t{0});
  const PageCount offset = request.page_offset < offset_max ? request.page_offset : offset_max;
  const MapFlags flags =
      map::shared | map::fixed | map::populate | (request.flags & map::non_block);
  const MmapRequest<Host> mapping{
      .address = start,
      .length = range.length(),
      .protection = protection_of(area->flags),
      .flags = flags.with_if(area->flags.has_any(flag::locked), map::locked),
      .file = area->file,
      .offset = offset << geometry.page_shift,
      .data = area->data};
  return plan_mmap(space, mapping);
}

}  // namespace vmarea
