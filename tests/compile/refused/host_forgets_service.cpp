// SPDX-License-Identifier: MIT
//
// A host that is put together without its limits.
#include "own_host.hpp"

struct Host : vmarea::shims::HeapMemory,
              vmarea::shims::PlainFiles<Host>,
              vmarea::NoLocks,
              vmarea::NoReverseMap,
              vmarea::NoPageTables,
              vmarea::NoAttributes,
#ifndef VMAREA_MUST_NOT_COMPILE
              vmarea::NoLimits,
#endif
              vmarea::NoNotifications,
              OwnTree {
};

constexpr std::size_t size = sizeof(vmarea::AddressSpace<Host>);
