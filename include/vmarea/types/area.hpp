// SPDX-License-Identifier: MIT
//
// One virtual memory area: what it is (Description), and what the host keeps with it (Area).
//
//   Description   start end | page_offset flags | identity file | hooks attributes     64 bytes
//   Area          Description, then only what the host declared: lock, reverse map entry, own data
//
// A description is a value: plans cut, change and join descriptions and touch no area.
#pragma once

#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "vmarea/types/flags.hpp"
#include "vmarea/types/own_data.hpp"
#include "vmarea/types/range.hpp"
#include "vmarea/types/result.hpp"

namespace vmarea {

/// Whose anonymous pages an area may hold (anon_vma): none before the first touch. Two areas of one
/// space can merge only with equal identities. The low bit says "fork child": the pages may also
/// belong to an ancestor, so untouched memory must not join (rules 3.2).
class AnonIdentity {
 public:
  constexpr AnonIdentity() noexcept = default;
  /// Requires: the low bit of `value` is clear: a number of ours or an aligned pointer; 0 is none.
  static constexpr AnonIdentity of(std::uint64_t value) noexcept { return AnonIdentity(value); }
  constexpr AnonIdentity as_fork_child() const noexcept { return AnonIdentity(bits_ | 1); }

  constexpr explicit operator bool() const noexcept { return bits_ != 0; }
  constexpr bool fork_child() const noexcept { return (bits_ & 1) != 0; }
  constexpr std::uint64_t value() const noexcept { return bits_ & ~std::uint64_t{1}; }
  /// An order for sorted containers; by age where identities are numbers of ours.
  friend constexpr auto operator<=>(AnonIdentity, AnonIdentity) noexcept = default;

 private:
  constexpr explicit AnonIdentity(std::uint64_t bits) noexcept : bits_(bits) {}
  std::uint64_t bits_ = 0;
};

// Handles of the host, equal for equal content; 0 is none.
using MemoryPolicy = std::uint64_t;
using UserfaultContext = std::uint64_t;
using MemoryName = std::uint64_t;

/// What rarely differs between areas, kept once and compared as one pointer.
struct Attributes {
  MemoryPolicy policy = 0;                 // NUMA memory policy.
  UserfaultContext userfault_context = 0;  // An open userfaultfd.
  MemoryName name = 0;                     // Name of anonymous memory.

  constexpr bool empty() const noexcept { return *this == Attributes{}; }
  constexpr Attributes without_userfault() const noexcept { return {policy, 0, name}; }
  friend constexpr auto operator<=>(const Attributes&, const Attributes&) = default;
};

template <class Host>
struct Area;

template <class Host>
struct Description;

/// What a driver wants to know or decide about its areas. Any member may be null.
template <class Host>
struct AreaHooks {
  /// After a copy of the area was made: by split, by a move that did not merge, by fork.
  void (*open)(Area<Host>&) noexcept = nullptr;
  /// Before the area is destroyed by an unmapping. An area with it is never removed by a merge.
  void (*close)(Area<Host>&) noexcept = nullptr;
  /// Whether the area may be cut at `at`. Asked while planning: no effect.
  Result<void> (*may_split)(const Description<Host>&, Address at) noexcept = nullptr;
  /// Whether its protection may become `access`. Asked while planning: no effect.
  Result<void> (*may_protect)(const Description<Host>&, Range, Flags access) noexcept = nullptr;
  /// Whether it may move to `new_start`. Asked while planning: no effect.
  Result<void> (*may_move)(const Description<Host>&, Address new_start) noexcept = nullptr;
  /// Of memory that consists of huge pages (flag::huge_tlb), the size of one; 0: the space's pages.
  /// huge_page_hooks() has a table for each size.
  unsigned page_shift = 0;
};

/// The empty hook table of areas that are neither anonymous nor a driver's.
template <class Host>
inline constexpr AreaHooks<Host> no_hooks{};

/// Everything a merge reads. Protected by the space lock for write, and for a host with area locks
/// by begin_area_write(); start, end and page_offset moreover by the reverse map's locks.
template <class Host>
struct Description {
  Address start = 0;
  Address end = 0;
  std::uint64_t page_offset = 0;  // File page of start; start / page size for untouched anonymous.
  Flags flags{};
  AnonIdentity identity{};
  typename Host::FileHandle file{};
  const AreaHooks<Host>* hooks = nullptr;  // Null: private anonymous memory.
  const Attributes* attributes = nullptr;  // Interned by the host; null: none.

  constexpr Range range() const noexcept { return {start, end}; }
  constexpr std::uint64_t length() const noexcept { return end - start; }
  constexpr bool anonymous() const noexcept { return hooks == nullptr; }
  /// The size of the area's huge pages, or 0 where its pages are those of the space. The one place
  /// that knows which pages an area has.
  constexpr unsigned huge_page_shift() const noexcept {
    return hooks == nullptr ? 0 : hooks->page_shift;
  }
  /// The bits of an address inside one of its huge pages; none where it has none.
  constexpr std::uint64_t huge_page_mask() const noexcept {
    return huge_page_shift() == 0 ? 0 : (std::uint64_t{1} << huge_page_shift()) - 1;
  }
  constexpr bool has_close() const noexcept { return hooks != nullptr && hooks->close != nullptr; }

  // What the driver says, if it was to be asked.
  Result<void> may_split(Address at) const noexcept {
    return hooks == nullptr || hooks->may_split == nullptr ? success : hooks->may_split(*this, at);
  }
  Result<void> may_protect(Range part, Flags access) const noexcept {
    if (hooks == nullptr || hooks->may_protect == nullptr) return {};
    return hooks->may_protect(*this, part, access);
  }
  Result<void> may_move(Address new_start) const noexcept {
    return hooks == nullptr || hooks->may_move == nullptr ? success
                                                          : hooks->may_move(*this, new_start);
  }

  // Made of the members, not copied and changed: a copy reads 16 bytes at once, and a processor
  // waits where it has just written 8 of them. That was 5 % of mprotect there and back.
  /// The part below `at`. Requires: start < at < end, or at == end.
  constexpr Description below(Address at) const noexcept {
    return {start, at, page_offset, flags, identity, file, hooks, attributes};
  }
  /// The part from `at` on; its page offset moves along.
  constexpr Description above(Address at, const Geometry& geometry) const noexcept {
    const std::uint64_t offset = page_offset + geometry.pages(at - start);
    return {at, end, offset, flags, identity, file, hooks, attributes};
  }
  /// The part inside `range`.
  constexpr Description within(Range range, const Geometry& geometry) const noexcept {
    const Range part = this->range().within(range);
    return above(part.start, geometry).below(part.end);
  }
  friend constexpr bool operator==(const Description&, const Description&) = default;
};

/// Stands for what a host did not declare; takes no byte. `What` names it, for absent things of one
/// type could not share an address.
template <class What>
struct Absent {};

/// An area in the tree of an address space. Its address is stable while it lives.
template <class Host>
struct Area : Description<Host> {
  [[no_unique_address]] typename Host::AreaLock lock;
  [[no_unique_address]] typename Host::ReverseMapEntry reverse_map;
  [[no_unique_address]] typename Host::AreaData data;  // The host's own.
};

/// What allocate_area is asked for each time: the size of a host's areas, for pools of fixed size.
template <class Host>
inline constexpr std::size_t area_bytes = sizeof(Area<Host>);

}  // namespace vmarea
