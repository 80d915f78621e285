// SPDX-License-Identifier: MIT
//
// A host that is put together without its limits.
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

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
              vmarea::shims::AbortOnBrokenPromise {
  template <class AreaType>
  using Tree = vmarea::shims::maple_tree<AreaType, vmarea::shims::HeapMemory>;
  template <class AreaType>
  static Tree<AreaType> make_tree() {
    return Tree<AreaType>{};
  }
};

constexpr std::size_t size = sizeof(vmarea::AddressSpace<Host>);
