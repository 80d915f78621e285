// SPDX-License-Identifier: MIT
//
// Memory from the C++ run-time, given back at once: no reader outlives a write in these hosts.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

namespace vmarea::shims {

/// Memory of areas and tree nodes from malloc, which operator new only wraps, twice without
/// exceptions.
struct HeapMemory {
  struct AreaData {};  // The host keeps nothing of its own with an area.

  static void* allocate(std::size_t bytes, std::size_t alignment) noexcept {
    if (is_plain(alignment)) return std::malloc(bytes);
    return ::operator new (bytes, std::align_val_t{alignment}, std::nothrow);
  }
  static void release(void* object, std::size_t, std::size_t alignment) noexcept {
    if (is_plain(alignment)) return std::free(object);
    ::operator delete (object, std::align_val_t{alignment});
  }

  /// What any allocation has; asking for it by name takes glibc twice as long.
  static constexpr bool is_plain(std::size_t alignment) noexcept {
    return alignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__;
  }

  static void* allocate_area(std::size_t bytes, std::size_t alignment) noexcept {
    return allocate(bytes, alignment);
  }
  static void release_area(void* area, std::size_t bytes, std::size_t alignment) noexcept {
    release(area, bytes, alignment);
  }
  static void retire_area(void* area, std::size_t bytes, std::size_t alignment) noexcept {
    release(area, bytes, alignment);
  }
  static void* allocate_node(std::size_t bytes, std::size_t alignment) noexcept {
    return allocate(bytes, alignment);
  }
  static void release_node(void* node, std::size_t bytes, std::size_t alignment) noexcept {
    release(node, bytes, alignment);
  }
  static void retire_node(void* node, std::size_t bytes, std::size_t alignment) noexcept {
    release(node, bytes, alignment);
  }
};

}  // namespace vmarea::shims
