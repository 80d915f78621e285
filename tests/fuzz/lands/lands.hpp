// SPDX-License-Identifier: MIT
//
// Each kind of host is a unit of its own, for it takes a minute to compile.
//
//   plain        as hosts are in tests: all groups, memory from the heap
//   tiny         nodes of four entries, pools, no group
//   published    nodes of four entries, each write publishes them
//   long_way     a tree without shortcuts, own data that is over-aligned and counted
//   wide         published nodes of the usual size, pools, no group, own data
#pragma once

#include "fuzz/land.hpp"

namespace vmarea::test::fuzz {

std::unique_ptr<Land> make_plain(const Scene& scene);
std::unique_ptr<Land> make_tiny(const Scene& scene);
std::unique_ptr<Land> make_published(const Scene& scene);
std::unique_ptr<Land> make_long_way(const Scene& scene);
std::unique_ptr<Land> make_wide(const Scene& scene);

}  // namespace vmarea::test::fuzz
