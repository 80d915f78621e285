// SPDX-License-Identifier: MIT
//
// Special mappings (behaviour specification 20): memory that the kernel itself puts into a space,
// such as the vdso. It never merges, grows or is locked, and is never cut: whoever wants a part of
// it gets EINVAL, whoever wants all of it may move, protect and unmap it.
#pragma once

#include "vmarea/calls/insert.hpp"

namespace vmarea {

template <class Host>
Result<void> refuse_split(const Description<Host>&, Address) noexcept {
  return Error::invalid;
}

/// The hooks of special mappings. A table of the host's, with a close hook or as a name, has to
/// have the same may_split.
template <class Host>
inline constexpr AreaHooks<Host> special_hooks{.may_split = refuse_split<Host>};

template <class Host>
struct SpecialRequest {
  Address start = 0;
  std::uint64_t length = 0;
  Flags flags{};
  const AreaHooks<Host>* hooks = &special_hooks<Host>;
};

/// Limits are not asked. Errors: invalid (misaligned, empty, beyond the limit), no_memory
/// (occupied).
template <class Host>
InsertPlan<Host> plan_insert_special(const SpaceState<Host>& space,
                                     const SpecialRequest<Host>& request) noexcept {
  require<Host>(request.hooks != nullptr && request.hooks->may_split != nullptr,
                "a special mapping has hooks that refuse splits");
  const Geometry geometry = space.services.geometry();
  if (!geometry.inside(request.start, request.length)) return Error::invalid;
  Description<Host> wanted{.start = request.start,
                           .end = request.start + geometry.round_up(request.length)};
  wanted.flags = (request.flags | space.default_flags).without(flag::lock_group);
  wanted.flags |= flag::dont_expand;
  wanted.hooks = request.hooks;
  return plan_insert(space, wanted);
}

}  // namespace vmarea
