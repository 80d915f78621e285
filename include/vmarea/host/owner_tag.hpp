// SPDX-License-Identifier: MIT
//
// Areas that belong to someone: each has a tag, and only areas with equal tags become one. Cut, and
// copied by mremap or fork, an area's parts have its tag.
//
//   enum class Owner : std::uint8_t { guest, loader };
//   struct Emulator : OwnerTag<UserlandOf<Emulator>, Owner> {};
//   AddressSpace<Emulator> space;
//   space.mmap({.length = 0x1000, .data = Owner::loader});
#pragma once

#include <concepts>

#include "vmarea/host/services.hpp"

namespace vmarea {

/// A Base whose areas have a Tag as their own data.
template <class Base, std::equality_comparable Tag = std::uint64_t>
struct OwnerTag : Base {
  using Base::Base;
  using AreaData = Tag;

  static constexpr bool has_data_rules = true;
  static bool may_join(const Tag& low, const Tag& high) noexcept { return low == high; }
  static Tag split_data(Tag& from, const DataCut&) noexcept { return from; }
  static void join_data(Tag&, Tag&, const DataSeam&) noexcept {}
};

}  // namespace vmarea
