// SPDX-License-Identifier: MIT
//
// A host that was copied from another one and still tells the ready host that one's name.
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

struct First : vmarea::shims::UserlandOf<First> {};
#ifdef VMAREA_MUST_NOT_COMPILE
struct Second : vmarea::shims::UserlandOf<First> {};
#else
struct Second : vmarea::shims::UserlandOf<Second> {};
#endif

constexpr std::size_t size = sizeof(vmarea::AddressSpace<Second>);
