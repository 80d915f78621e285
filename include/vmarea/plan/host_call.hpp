// SPDX-License-Identifier: MIT
//
// Which calls a host makes on its own memory so that it follows a step, and for which range:
//
//   edit          munmap(unmapped)   mmap(mapped, fixed)   mprotect(access)      in this order
//   move_pages    mremap(range, may_move | fixed, to), with dont_unmap where the source stays
//   drop_pages    madvise(range, dont_need)
//   protect_pages mprotect(range)
//
// Other steps concern only the books. What a move leaves is unmapped by its own second edit, too:
// a second munmap of a hole is no error.
#pragma once

#include "vmarea/plan/step.hpp"

namespace vmarea {

enum class HostCallKind : unsigned char { unmap, map, protect, move, drop };

template <class Host>
struct HostCall {
  HostCallKind kind = HostCallKind::unmap;
  Range range{};
  Flags flags{};                     // Of map and protect: the area's.
  Address to = 0;                    // Of move.
  bool keeps_source = false;         // Of move.
  typename Host::FileHandle file{};  // Of map; none: anonymous memory, or shared memory to make.
  std::uint64_t page_offset = 0;     // Of map.

  friend constexpr bool operator==(const HostCall&, const HostCall&) = default;
};

/// Calls visit(const HostCall<Host>&) for each.
template <class Host, class Visit>
void for_each_host_call(const Step<Host>& step, const Geometry& geometry, Visit&& visit) noexcept {
  using Call = HostCall<Host>;
  if (step.kind == StepKind::move_pages && !step.range.empty()) {
    visit(Call{.kind = HostCallKind::move,
               .range = step.range,
               .to = step.to(),
               .keeps_source = step.keeps_source});
  }
  if (step.kind == StepKind::drop_pages) {
    visit(Call{.kind = HostCallKind::drop, .range = step.range});
  }
  if (step.kind == StepKind::protect_pages) {
    visit(Call{.kind = HostCallKind::protect, .range = step.range, .flags = Flags(step.value)});
  }
  if (step.kind != StepKind::edit) return;
  const Edit<Host>& edit = *step.edit;
  if (!edit.unmapped.empty() && !edit.mapped.contains(edit.unmapped)) {
    visit(Call{.kind = HostCallKind::unmap, .range = edit.unmapped});
  }
  if (!edit.mapped.empty()) {
    const Description<Host>& after = edit.piece_over(edit.mapped.start).after;
    const std::uint64_t before = geometry.pages(edit.mapped.start - after.start);
    visit(Call{.kind = HostCallKind::map,
               .range = edit.mapped,
               .flags = after.flags,
               .file = after.file,
               .page_offset = after.page_offset + before});
  }
  if (!edit.access.empty()) {
    const Flags flags = edit.piece_over(edit.access.start).after.flags;
    visit(Call{.kind = HostCallKind::protect, .range = edit.access, .flags = flags});
  }
}

}  // namespace vmarea
