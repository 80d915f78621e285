// SPDX-License-Identifier: MIT
//
// A host put together of what may be absent, and a tree. How it hears of broken promises is the
// business of who derives from it.
//
//   struct Bare : BareHost<shims::HeapMemory>, shims::AbortOnBrokenPromise {};
#pragma once

#include <vmarea/host/absent.hpp>
#include <vmarea_shims/maple_tree.hpp>

namespace vmarea::test {

/// Memory: gives areas, and nodes to the tree.
template <class Memory>
struct BareHost : Memory,
                  NoLocks,
                  NoReverseMap,
                  NoPageTables,
                  NoFiles,
                  NoAttributes,
                  NoLimits,
                  NoNotifications {
  template <class AreaType>
  using Tree = shims::maple_tree<AreaType, Memory>;
  template <class AreaType>
  static Tree<AreaType> make_tree() {
    return Tree<AreaType>{};
  }
};

}  // namespace vmarea::test
