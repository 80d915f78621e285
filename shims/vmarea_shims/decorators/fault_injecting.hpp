// SPDX-License-Identifier: MIT
//
// A host that runs out of things when a plan says so.
//
//   struct Host : FaultInjecting<Base>    where FaultPlan* Base::fault_plan() const;
//                                         null: nothing fails
//
//   for (plan.fail(n = 1); ; plan.fail(++n)) { act; if (plan.failures == 0) break; }
//
// It hides everything that may fail. A base whose tree, reverse map, page tables and attributes
// allocate through the host is covered in those, too.
#pragma once

#include <cstddef>
#include <cstdint>

#include <vmarea/host/services.hpp>

namespace vmarea::shims {

/// What a host can run out of.
enum class Resource : unsigned char {
  area,
  node,
  link,
  table,
  charge,
  shared_memory,
  attributes,
  event,
  space_lock
};

enum class FaultCount : unsigned char { once, for_ever };

constexpr unsigned kind_bit(Resource resource) noexcept {
  return 1u << static_cast<unsigned>(resource);
}

struct FaultPlan {
  /// All but the space lock, whose refusal is no lack of memory.
  static constexpr unsigned all_memory = kind_bit(Resource::space_lock) - 1;

  std::uint64_t attempts = 0;  // Since fail() was called last.
  std::uint64_t failures = 0;
  std::uint64_t fail_at = 0;         // This attempt fails; 0: none.
  std::uint64_t fails_again_at = 0;  // And this one, while the first is undone; 0: none.
  FaultCount how_often = FaultCount::once;
  unsigned kinds = all_memory;  // Others are not counted.

  /// Begins to count anew.
  constexpr void fail(std::uint64_t at, FaultCount often = FaultCount::once) noexcept {
    attempts = failures = fails_again_at = 0;
    fail_at = at;
    how_often = often;
  }
  constexpr bool refuses(Resource resource) noexcept {
    if ((kinds & kind_bit(resource)) == 0) return false;
    ++attempts;
    const bool first =
        how_often == FaultCount::once ? attempts == fail_at : fail_at != 0 && attempts >= fail_at;
    const bool hit = first || (fails_again_at != 0 && attempts == fails_again_at);
    if (hit) ++failures;
    return hit;
  }
};

template <class Base>
struct FaultInjecting : Base {
  using Base::Base;

  void* allocate_area(std::size_t bytes, std::size_t alignment) noexcept {
    return refuses(Resource::area) ? nullptr : Base::allocate_area(bytes, alignment);
  }
  void* allocate_node(std::size_t bytes, std::size_t alignment) noexcept {
    return refuses(Resource::node) ? nullptr : Base::allocate_node(bytes, alignment);
  }
  void* allocate_link(std::size_t bytes, std::size_t alignment) noexcept {
    return refuses(Resource::link) ? nullptr : Base::allocate_link(bytes, alignment);
  }
  void* allocate_table(std::size_t bytes, std::size_t alignment) noexcept {
    return refuses(Resource::table) ? nullptr : Base::allocate_table(bytes, alignment);
  }
  void* allocate_attributes(std::size_t bytes, std::size_t alignment) noexcept {
    return refuses(Resource::attributes) ? nullptr : Base::allocate_attributes(bytes, alignment);
  }
  template <class Events>
  Result<void> reserve_unmap_event(Events& events, UserfaultContext context, Range range) noexcept {
    if (refuses(Resource::event)) return Error::no_memory;
    return Base::reserve_unmap_event(events, context, range);
  }
  template <class Events>
  Result<void> reserve_remap_event(Events& events, UserfaultContext context, Range range,
                                   Address to) noexcept {
    if (refuses(Resource::event)) return Error::no_memory;
    return Base::reserve_remap_event(events, context, range, to);
  }
  template <class Events>
  Result<UserfaultContext> reserve_fork_event(Events& events, UserfaultContext context) noexcept {
    if (refuses(Resource::event)) return Error::no_memory;
    return Base::reserve_fork_event(events, context);
  }
  Result<void> charge(PageCount pages) noexcept {
    if (refuses(Resource::charge)) return Error::no_memory;
    return Base::charge(pages);
  }
  auto make_shared_memory(std::uint64_t bytes) noexcept -> Result<typename Base::FileHandle> {
    if (refuses(Resource::shared_memory)) return Error::no_memory;
    return Base::make_shared_memory(bytes);
  }
  auto make_huge_memory(std::uint64_t bytes, unsigned page_shift) noexcept
      -> Result<typename Base::FileHandle> {
    if (refuses(Resource::shared_memory)) return Error::no_memory;
    return Base::make_huge_memory(bytes, page_shift);
  }
  template <class SpaceLock>
  Result<void> lock_space(SpaceLock& space) noexcept {
    if (refuses(Resource::space_lock)) return Error::interrupted;
    return Base::lock_space(space);
  }
  template <class SpaceLock>
  Result<void> lock_space_shared(SpaceLock& space) const noexcept {
    if (refuses(Resource::space_lock)) return Error::interrupted;
    return Base::lock_space_shared(space);
  }

 private:
  bool refuses(Resource resource) const noexcept {
    FaultPlan* plan = Base::fault_plan();
    return plan != nullptr && plan->refuses(resource);
  }
};

}  // namespace vmarea::shims
