// SPDX-License-Identifier: MIT
//
// A host that does not say whether it has page tables.
#include "own_host.hpp"

struct PageTablesOnly {
  using PageTable = vmarea::Absent<struct PageTableTag>;
};

struct Host : vmarea::shims::HeapMemory,
              vmarea::shims::PlainFiles<Host>,
              vmarea::NoLocks,
              vmarea::NoReverseMap,
#ifdef VMAREA_MUST_NOT_COMPILE
              PageTablesOnly,
#else
              vmarea::NoPageTables,
#endif
              vmarea::NoAttributes,
              vmarea::NoLimits,
              vmarea::NoNotifications,
              OwnTree {
};

constexpr std::size_t size = sizeof(vmarea::AddressSpace<Host>);
