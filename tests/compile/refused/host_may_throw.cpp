// SPDX-License-Identifier: MIT
//
// A host whose allocation may throw: a change that was half made could not be taken back.
#include <cstddef>

#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

struct Host : vmarea::shims::UserlandOf<Host> {
#ifdef VMAREA_MUST_NOT_COMPILE
  static void* allocate_area(std::size_t bytes, std::size_t) {
    return ::operator new(bytes);
  }
#else
  static void* allocate_area(std::size_t, std::size_t) noexcept {
    return nullptr;
  }
#endif
};

constexpr std::size_t size = sizeof(vmarea::AddressSpace<Host>);
