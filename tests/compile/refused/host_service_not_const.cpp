// SPDX-License-Identifier: MIT
//
// Limits that planning, which changes nothing, cannot ask for.
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

struct Host : vmarea::shims::UserlandOf<Host> {
#ifdef VMAREA_MUST_NOT_COMPILE
  vmarea::Limits limits() noexcept {
    return {};
  }
#else
  vmarea::Limits limits() const noexcept {
    return {};
  }
#endif
};

constexpr std::size_t size = sizeof(vmarea::AddressSpace<Host>);
