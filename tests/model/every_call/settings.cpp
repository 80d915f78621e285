// SPDX-License-Identifier: MIT
#include "model/every_call/settings.hpp"

namespace vmarea::test::every_call {

Settings Settings::of(std::uint64_t seed, unsigned page_shift) {
  Settings made{.profile = seed % 3 == 2 ? linux_6_12 : linux_6_18};
  if (seed / 3 % 2 == 1) made.profile.partial_effects = PartialEffects::all_or_nothing;
  made.profile.reads_share_zero_page = seed % 4 != 3;
  made.profile.has_protection_keys = seed % 5 == 3;
  const auto bytes = [page_shift](std::uint64_t pages) { return pages << page_shift; };
  if (seed % 7 == 4) made.limits.area_count_max = 18;
  if (seed % 11 == 6) made.limits.locked_bytes = bytes(20), made.limits.may_lock_any = false;
  if (seed % 13 == 7) made.limits.data_bytes = bytes(40);
  if (seed % 17 == 9) made.limits.address_space_bytes = bytes(70);
  if (seed % 19 == 10) made.limits.strict_overcommit = true;
  if (seed % 11 == 3) made.charge_max = 40;
  if (seed % 5 == 4) made.huge_page_shift = page_shift + 2;
  if (seed % 9 == 5) made.faulty_kinds |= shims::kind_bit(shims::Resource::space_lock);
  made.seals = seed % 2 == 0;
  made.top_down = seed % 8 != 1;
  return made;
}

}  // namespace vmarea::test::every_call
