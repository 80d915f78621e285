// SPDX-License-Identifier: MIT
//
// Makes the lists of areas borrowed ranges and views of the standard library, for those who include
// it: <ranges> takes several times as long to compile as all of the core, which does without.
//
//   #include <vmarea/ranges.hpp>
//   for (const auto& area : space.areas() | std::views::filter(is_writable)) ...
#pragma once

#include <ranges>

#include "vmarea/space/area_list.hpp"

// Iterators do not refer to the list that they come from, only to the space.
template <class Host>
inline constexpr bool std::ranges::enable_borrowed_range<vmarea::AreaList<Host>> = true;
template <class Host>
inline constexpr bool std::ranges::enable_borrowed_range<vmarea::PartList<Host>> = true;
template <class Host>
inline constexpr bool std::ranges::enable_view<vmarea::AreaList<Host>> = true;
template <class Host>
inline constexpr bool std::ranges::enable_view<vmarea::PartList<Host>> = true;
