// SPDX-License-Identifier: MIT
//
// Names of anonymous memory (rules 29; PR_SET_VMA_ANON_NAME in prctl(2)): a walk that goes on
// behind holes, as madvise does. The text is the host's: here a name is a handle, equal for equal
// texts.
#pragma once

#include "vmarea/plan/walk_plan.hpp"
#include "vmarea/space/attributes.hpp"

namespace vmarea {

/// Whether the area may have a name: private anonymous memory, and shared memory that mmap made.
template <class Host>
bool can_have_name(const SpaceState<Host>& space, const Description<Host>& area) noexcept {
  return area.file == typename Host::FileHandle{} ||
         space.services.file_rules(area.file).storage == Storage::anonymous_memory;
}

/// Gives every area this name.
template <class Host>
struct NameRule : RuleBase<Host> {
  static constexpr HolePolicy holes = HolePolicy::go_on;
  static constexpr Error error_at_count_limit = Error::try_again;
  static constexpr bool interns = true;
  MemoryName name = 0;

  /// Errors: bad_file (memory of a file).
  static Result<void> check(const SpaceState<Host>& space, const Area<Host>& area, Range,
                            const WalkProgress&) noexcept {
    return can_have_name<Host>(space, area) ? success : Result<void>(Error::bad_file);
  }

  Answer<Host> change(const SpaceState<Host>& space, const Area<Host>& area, Range) const noexcept {
    Attributes content = content_of(area.attributes);
    if (content.name == name) return Answer<Host>::skip();
    content.name = name;
    return Answer<Host>::change(area.flags, intern(space, content));
  }
};

/// Name 0 takes the name away. Errors: invalid (misaligned, wraps), no_memory (a hole; the areas
/// beyond it are named too), bad_file (memory of a file; those before it are named), try_again (no
/// memory, the map count).
template <class Host>
WalkPlan<Host, NameRule<Host>> plan_set_name(const SpaceState<Host>& space, Address start,
                                             std::uint64_t length_bytes, MemoryName name) noexcept {
  const Result<Range> range = space.services.geometry().page_range(start, length_bytes);
  if (!range) return range.error();
  if (range->empty()) return success;
  return {space, *range, NameRule<Host>{{}, name}};
}

}  // namespace vmarea
