// SPDX-License-Identifier: MIT
//
// Memory that consists of huge pages (MAP_HUGETLB, hugetlbfs): which sizes there are, and the hooks
// of its areas. Not the huge pages that back ordinary memory (MADV_HUGEPAGE).
//
//   [ huge page )[ huge page )[ huge page )      cut between them alone, never grown, never joined
#pragma once

#include "vmarea/types/area.hpp"

namespace vmarea {

/// The size that mmap's flags ask for, as a shift: the ordinary huge page where they name none.
/// Errors: invalid (no page table has entries of that size).
constexpr Result<unsigned> huge_page_shift_of(const Geometry& geometry, MapFlags flags) noexcept {
  constexpr unsigned named_by = 26;  // MAP_HUGE_SHIFT
  const unsigned named = (flags & map::huge_size_mask).bits() >> named_by;
  const unsigned giant = 2 * geometry.huge_page_shift - geometry.page_shift;
  if (named == 0) return geometry.huge_page_shift;
  const bool known = named == geometry.huge_page_shift || named == giant;
  return known ? Result<unsigned>(named) : Error::invalid;
}

/// Errors: invalid (inside a huge page).
template <class Host>
Result<void> may_split_huge_pages(const Description<Host>& area, Address at) noexcept {
  return (at & area.huge_page_mask()) == 0 ? success : Result<void>(Error::invalid);
}

/// A hook table for each size.
template <class Host>
struct HugePageHooks {
  static constexpr unsigned shift_max = 39;
  AreaHooks<Host> of_shift[shift_max + 1];

  constexpr HugePageHooks() noexcept : of_shift{} {
    for (unsigned shift = 0; shift <= shift_max; ++shift) {
      of_shift[shift].may_split = &may_split_huge_pages<Host>;
      of_shift[shift].page_shift = shift;
    }
  }
};
template <class Host>
inline constexpr HugePageHooks<Host> all_huge_page_hooks{};

/// The hooks of areas whose pages have this size; one table for each size and host.
/// Requires: 0 < page_shift < 40.
template <class Host>
constexpr const AreaHooks<Host>* huge_page_hooks(unsigned page_shift) noexcept {
  return &all_huge_page_hooks<Host>.of_shift[page_shift];
}

}  // namespace vmarea
