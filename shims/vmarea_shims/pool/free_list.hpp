// SPDX-License-Identifier: MIT
//
// Blocks that nobody uses, linked through themselves; the one given back last is taken first.
//
//   first -> [ next | . . . ] -> [ next | . . . ] -> null
//
// Under the address sanitizer a block is poisoned while it lies here, its link too, so that what
// still uses it, or gives it back twice, is found.
#pragma once

#include <cstddef>
#include <new>
#include <utility>

#if defined(__SANITIZE_ADDRESS__)
#define VMAREA_POISONS_POOLS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define VMAREA_POISONS_POOLS 1
#endif
#endif
#ifdef VMAREA_POISONS_POOLS
// As the sanitizer's own header declares them, which freestanding code does without.
extern "C" void __asan_poison_memory_region(void const volatile* start, std::size_t bytes);
extern "C" void __asan_unpoison_memory_region(void const volatile* start, std::size_t bytes);
#endif

namespace vmarea::shims::pool {

#ifdef VMAREA_POISONS_POOLS
inline void poison(void* start, std::size_t bytes) noexcept {
  __asan_poison_memory_region(start, bytes);
}
inline void unpoison(void* start, std::size_t bytes) noexcept {
  __asan_unpoison_memory_region(start, bytes);
}
#else
inline void poison(void*, std::size_t) noexcept {}
inline void unpoison(void*, std::size_t) noexcept {}
#endif

/// Free blocks of one size, which the owner of the list knows. All zero while it is empty.
class FreeList {
 public:
  constexpr FreeList() noexcept = default;
  bool empty() const noexcept { return first_ == nullptr; }
  /// Requires: the block has room for a pointer, and holds no object any more.
  void push(void* block, std::size_t block_bytes) noexcept {
    first_ = poisoned(::new (block) Link{first_}, block_bytes);
  }
  /// Requires: not empty.
  void* pop(std::size_t block_bytes) noexcept {
    return std::exchange(first_, unpoisoned(first_, block_bytes)->next);
  }

 private:
  struct Link {
    Link* next;
  };
  static Link* poisoned(Link* block, std::size_t bytes) noexcept {
    return poison(block, bytes), block;
  }
  static Link* unpoisoned(Link* block, std::size_t bytes) noexcept {
    return unpoison(block, bytes), block;
  }

  Link* first_ = nullptr;
};

}  // namespace vmarea::shims::pool
