// SPDX-License-Identifier: MIT
//
// The host of a small kernel: no C library, no C++ run-time, no heap. Areas and tree nodes come
// from two pools of fixed size; everything else is absent.
#pragma once

#include <cstddef>

#include <vmarea/vmarea.hpp>
#include <vmarea_shims/fixed_pool.hpp>
#include <vmarea_shims/maple_tree.hpp>

#include "start.hpp"

namespace freestanding {

inline constexpr int broken_promise = 254;  // An exit code.

inline constinit vmarea::shims::FixedPool<64, 4096> area_pool;
inline constinit vmarea::shims::FixedPool<vmarea::shims::default_node_bytes, 1024> node_pool;
using PoolMemory = vmarea::shims::FixedMemory<area_pool, node_pool>;

struct BareHost : PoolMemory,
                  vmarea::NoLocks,
                  vmarea::NoReverseMap,
                  vmarea::NoPageTables,
                  vmarea::NoFiles,
                  vmarea::NoAttributes,
                  vmarea::NoLimits,
                  vmarea::NoNotifications {
  template <class AreaType>
  using Tree = vmarea::shims::maple_tree<AreaType, PoolMemory>;
  template <class AreaType>
  static Tree<AreaType> make_tree() {
    return Tree<AreaType>{};
  }
  static constexpr bool checks = true;
  [[noreturn]] static void assertion_failed(const char*) noexcept { exit(broken_promise); }
};

/// An empty handle, an area of one cache line: what this host declared absent takes no byte.
static_assert(vmarea::area_bytes<BareHost> == decltype(area_pool)::block_bytes);

}  // namespace freestanding
