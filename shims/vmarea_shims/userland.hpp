// SPDX-License-Identifier: MIT
//
// A complete host for one thread: memory from the heap, no reverse map, no page tables, no limits.
//
//   vmarea::AddressSpace<vmarea::shims::Userland> space;
//
// In debug builds it checks how the core uses its locks. In release builds locks take no byte.
// To differ in something, derive from UserlandOf<Yourself> and write only that.
#pragma once

#include <cstdio>
#include <cstdlib>

#include <vmarea/host/absent.hpp>
#include <vmarea_shims/attributes.hpp>
#include <vmarea_shims/decorators/lock_checked.hpp>
#include <vmarea_shims/files.hpp>
#include <vmarea_shims/maple_tree.hpp>
#include <vmarea_shims/memory.hpp>

namespace vmarea::shims {

/// Broken promises end the program with a sentence; checked in debug builds.
struct AbortOnBrokenPromise {
#ifdef NDEBUG
  static constexpr bool checks = false;
#else
  static constexpr bool checks = true;
#endif
  [[noreturn]] static void assertion_failed(const char* promise) noexcept {
    std::fprintf(stderr, "vmarea: broken promise: %s\n", promise);
    std::abort();
  }
};

template <class Host>
struct UserlandGroups : HeapMemory,
                        PlainFiles<Host>,
                        NoLocks,
                        NoReverseMap,
                        NoPageTables,
                        SharedAttributes<Host, HeapMemory>,
                        NoLimits,
                        NoNotifications,
                        AbortOnBrokenPromise {
  template <class AreaType>
  using Tree = maple_tree<AreaType, HeapMemory>;
  template <class AreaType>
  static Tree<AreaType> make_tree() {
    return Tree<AreaType>{};
  }
};

/// The groups of Userland for a host named Host, which may hide any of them.
#ifdef NDEBUG
template <class Host>
struct UserlandOf : UserlandGroups<Host> {};
#else
template <class Host>
struct UserlandOf : LockChecked<UserlandGroups<Host> > {};
#endif

struct Userland : UserlandOf<Userland> {};

}  // namespace vmarea::shims
