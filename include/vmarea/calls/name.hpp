// SPDX-License-Identifier: MIT
//
// Names of anonymous memory (behaviour specification 29; PR_SET_VMA_ANON_NAME in prctl(2)): a walk
// that goes on behind holes, as madvise does. The text is the host's: here a name is a handle,
// equal for equal texts.
#pragma once

#include "vmarea/plan/attribute_walk.hpp"

namespace vmarea {

/// Whether the area may have a name: private anonymous memory, and shared memory that mmap made.
template <class Host>
bool can_have_name(const SpaceState<Host>& space, const Description<Host>& area) noexcept {
  return area.file == typename Host::FileHandle{} ||
         space.services.file_rules(area.file).storage == Storage::anonymous_memory;
}

/// Gives every area this name.
template <class Host>
struct NameRule {
  static constexpr HolePolicy holes = HolePolicy::go_on;
  static constexpr Error shortage = Error::try_again;
  MemoryName name = 0;

  AttributeAnswer answer(const SpaceState<Host>& space,
                         const Description<Host>& area) const noexcept {
    if (!can_have_name(space, area)) return AttributeAnswer::refuse(Error::bad_file);
    Attributes content = content_of(area.attributes);
    if (content.name == name) return AttributeAnswer::skip();
    content.name = name;
    return AttributeAnswer::change(area.flags, content);
  }
};

template <class Host>
using NamePlan = AttributePlan<Host, NameRule<Host>>;

/// Name 0 takes the name away. Errors: invalid (misaligned, wraps), no_memory (a hole; the areas
/// beyond it are named too), bad_file (memory of a file; those before it are named), try_again (no
/// memory, the map count).
template <class Host>
NamePlan<Host> plan_set_name(const SpaceState<Host>& space, Address start,
                             std::uint64_t length_bytes, MemoryName name) noexcept {
  const Geometry geometry = space.services.geometry();
  const std::uint64_t length = geometry.round_up(length_bytes);
  if (!geometry.aligned(start) || (length_bytes != 0 && length == 0) || start + length < start) {
    return {Error::invalid};
  }
  if (length == 0) return {success};
  return plan_attributes(space, {start, start + length}, NameRule<Host>{name});
}

}  // namespace vmarea
