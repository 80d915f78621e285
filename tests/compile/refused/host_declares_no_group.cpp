// SPDX-License-Identifier: MIT
//
// A host that does not say whether it has page tables.
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

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
              vmarea::shims::AbortOnBrokenPromise {
  template <class AreaType>
  using Tree = vmarea::shims::maple_tree<AreaType, vmarea::shims::HeapMemory>;
  template <class AreaType>
  static Tree<AreaType> make_tree() {
    return Tree<AreaType>{};
  }
};

constexpr std::size_t size = sizeof(vmarea::AddressSpace<Host>);
