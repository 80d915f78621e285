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
#include <cstring>
#include <utility>

#include <vmarea/host/absent.hpp>
#include <vmarea_shims/attributes.hpp>
#include <vmarea_shims/decorators/lock_checked.hpp>
#include <vmarea_shims/files.hpp>
#include <vmarea_shims/maple_tree.hpp>
#include <vmarea_shims/memory.hpp>
#include <vmarea_shims/pool_memory.hpp>

namespace vmarea::shims {

/// The machine that units compile a host for; null: none does, yet.
template <class Host>
inline const char* machine_of_host = nullptr;

inline namespace VMAREA_MACHINE {

/// Ends the program before main() where units for different machines make spaces of one host.
template <class Host>
struct OneMachine {
  static bool check() noexcept {
    const char* const ours = maple::machine_name;
    const char* const other = std::exchange(machine_of_host<Host>, ours);
    if (other == nullptr || std::strcmp(other, ours) == 0) return true;
    std::fprintf(
        stderr,
        "vmarea: a host is compiled for %s and for %s: it belongs into an inline namespace "
        "VMAREA_MACHINE\n",
        other, ours);
    std::abort();
  }
  static inline const bool checked = check();
};

/// Broken promises end the program with a sentence, where they are checked.
struct AbortOnBrokenPromise {
  static constexpr bool checks = false;
  [[noreturn]] static void assertion_failed(const char* promise) noexcept {
    std::fprintf(stderr, "vmarea: broken promise: %s\n", promise);
    std::abort();
  }
};

/// Files, and neither the areas that map them nor the pages.
template <class Host>
struct FilesAlone : PlainFiles<Host>, NoReverseMap, NoPageTables {};

template <class Host, class Memory = PoolMemory, class Maps = FilesAlone<Host>>
struct UserlandGroups : Memory,
                        Maps,
                        NoLocks,
                        SharedAttributes<Host, HeapMemory>,
                        NoLimits,
                        NoNotifications,
                        AbortOnBrokenPromise {
  using NamedHost = Host;  // The library compares it with the host that it is given.
  template <class AreaType>
  using Tree = maple_tree<AreaType, typename Memory::Nodes>;
  template <class AreaType>
  Tree<AreaType> make_tree() const {
    static_cast<void>(OneMachine<Host>::checked);
    return Tree<AreaType>{this->nodes()};
  }
};

/// The groups of Userland for a host named Host, which may hide any of them. Memory: PoolMemory,
/// SharedPoolMemory or HeapMemory.
template <class Host, class Memory = PoolMemory, class Maps = FilesAlone<Host>>
struct UserlandOf : UserlandGroups<Host, Memory, Maps> {};

struct Userland : UserlandOf<Userland> {};

/// The same with every promise and every use of a lock checked: for tests, and for debugging.
struct CheckedUserland : Checked<UserlandOf<CheckedUserland>> {};

}  // namespace VMAREA_MACHINE
}  // namespace vmarea::shims

#ifdef VMAREA_COMPILED_USERLAND
#include <vmarea/instantiate.hpp>

VMAREA_EXTERN_SPACE(vmarea::shims::Userland)
#endif
