// SPDX-License-Identifier: MIT
//
// A charge that answers yes or no, where the library asks why not.
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

struct Host : vmarea::shims::UserlandOf<Host> {
#ifdef VMAREA_MUST_NOT_COMPILE
  static bool charge(vmarea::PageCount) noexcept {
    return true;
  }
#else
  static vmarea::Result<void> charge(vmarea::PageCount) noexcept {
    return vmarea::success;
  }
#endif
};

constexpr std::size_t size = sizeof(vmarea::AddressSpace<Host>);
