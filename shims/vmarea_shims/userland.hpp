// SPDX-License-Identifier: MIT
//
// A complete host for one thread: memory from a pool of each space, no reverse map, no page tables,
// no limits.
//
//   vmarea::AddressSpace<vmarea::shims::Userland> space;
//
// It is the same in every build: locks take no byte and promises are not checked. To have both
// checked, choose CheckedUserland, or Checked<> of a host of your own. To differ in something,
// derive from UserlandOf<Yourself> and write only that; name what you replace (host/replacing.hpp).
//
// With VMAREA_COMPILED_USERLAND, which the target vmarea::userland defines, units do not compile
// the calls on Userland: that target's library has them.
#pragma once

#include <cstdio>
#include <cstdlib>

#include <vmarea/host/absent.hpp>
#include <vmarea_shims/attributes.hpp>
#include <vmarea_shims/decorators/lock_checked.hpp>
#include <vmarea_shims/files.hpp>
#include <vmarea_shims/maple_tree.hpp>
#include <vmarea_shims/memory.hpp>
#include <vmarea_shims/pool_memory.hpp>

namespace vmarea::shims {
inline namespace VMAREA_MACHINE {

/// Broken promises end the program with a sentence, where they are checked.
struct AbortOnBrokenPromise {
  static constexpr bool checks = false;
  [[noreturn]] static void assertion_failed(const char* promise) noexcept {
    std::fprintf(stderr, "vmarea: broken promise: %s\n", promise);
    std::abort();
  }
};

template <class Host, class Memory = PoolMemory>
struct UserlandGroups : Memory,
                        PlainFiles<Host>,
                        NoLocks,
                        NoReverseMap,
                        NoPageTables,
                        SharedAttributes<Host, HeapMemory>,
                        NoLimits,
                        NoNotifications,
                        AbortOnBrokenPromise {
  using NamedHost = Host;  // The library compares it with the host that it is given.
  template <class AreaType>
  using Tree = maple_tree<AreaType, typename Memory::Nodes>;
  template <class AreaType>
  Tree<AreaType> make_tree() const {
    return Tree<AreaType>{this->nodes()};
  }
};

/// The groups of Userland for a host named Host, which may hide any of them. Memory: PoolMemory,
/// SharedPoolMemory or HeapMemory.
template <class Host, class Memory = PoolMemory>
struct UserlandOf : UserlandGroups<Host, Memory> {};

struct Userland : UserlandOf<Userland> {};

/// The same with every promise and every use of a lock checked: for tests, and for debugging.
struct CheckedUserland : Checked<UserlandOf<CheckedUserland>> {};

}  // namespace VMAREA_MACHINE
}  // namespace vmarea::shims

#ifdef VMAREA_COMPILED_USERLAND
#include <vmarea/instantiate.hpp>

VMAREA_EXTERN_SPACE(vmarea::shims::Userland)
#endif
