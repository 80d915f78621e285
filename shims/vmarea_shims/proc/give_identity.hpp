// SPDX-License-Identifier: MIT
//
// An anonymous identity for an area that another space had touched: its own, or that of the area
// below, as if both had been pieces of one. The page tables stay as they are.
//
//   before   [AAAA id 2)[BBBB none)[CCCC none)
//   after    [AAAA id 2)[BBBB id 2)[CCCC id 4)      B from the area below, C of its own
#pragma once

#include <vmarea/address_space.hpp>

namespace vmarea::shims {

/// Whose identity a touched area gets.
enum class IdentityFrom : unsigned char { area_below, none };

/// Gives the area that starts at `at`, which has no identity, the one of the area that ends there,
/// or a new one. Errors: bad_address (no such area), no_memory, interrupted.
template <KernelServices Host>
Result<void> give_identity(AddressSpace<Host>& space, Address at, IdentityFrom from) {
  const auto make_plan = [&](const SpaceState<Host>& state) -> StepPlan<Host, void> {
    Area<Host>* const area = find_object(state, at);
    const bool from_below = from == IdentityFrom::area_below && at != 0;
    const Area<Host>* const below = from_below ? find_area(state, at - 1) : nullptr;
    if (area == nullptr || area->start != at) return Error::bad_address;
    Piece<Host> piece = Piece<Host>::kept(*area, *area);
    if (below != nullptr) {
      piece.after.identity = below->identity;
      piece.identity_from = below;
    } else {
      piece.after.identity = next_identity(state);
      piece.makes_identity = true;
    }
    StepPlan<Host, void> plan{success};
    plan.add_edit({area->range(), Event::touched}).add(piece);
    return plan;
  };
  return
      typename AddressSpace<Host>::template StepChange<void>(space.state(), make_plan).complete();
}

}  // namespace vmarea::shims
