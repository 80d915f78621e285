// SPDX-License-Identifier: MIT
//
// Why are the two areas that meet at an address not one?
//
//   JoinAnswer why = explain_boundary(space, at);
//   text(why).c_str()                            flags differ: ac
#pragma once

#include "vmarea/rules/explain.hpp"
#include "vmarea/space/find.hpp"

namespace vmarea {

/// What keeps the area that ends at `at` and the one that starts there apart; no_neighbour where no
/// two areas meet.
template <class Host>
JoinAnswer explain_boundary(const SpaceState<Host>& space, Address at) noexcept {
  const Area<Host>* low = at == 0 ? nullptr : find_area(space, at - 1);
  const Area<Host>* high = find_area(space, at);
  if (low == nullptr || high == nullptr || low == high) return {};
  if ((low->flags | high->flags).has_any(flag::special)) {
    return {JoinVerdict::special, (low->flags | high->flags) & flag::special};
  }
  return judge_side<Host>(*high, *low, *low, *high, Middle::whole_area, space.services.geometry(),
                          space.services.profile());
}

}  // namespace vmarea
