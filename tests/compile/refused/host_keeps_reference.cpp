// SPDX-License-Identifier: MIT
//
// A host with a reference: a handle is copied and assigned.
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

struct GuestState;

struct Host : vmarea::shims::UserlandOf<Host> {
#ifdef VMAREA_MUST_NOT_COMPILE
  GuestState& state;
#else
  GuestState* state;
#endif
};

constexpr std::size_t size = sizeof(vmarea::AddressSpace<Host>);
