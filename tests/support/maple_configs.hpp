// SPDX-License-Identifier: MIT
//
// The trees that every test of the maple tree runs with.
//
//              in place            published
//   tiny       4 slots a node      4 slots a node     many levels from few entries
//   default    15 slots a node     15 slots a node
//   long way   the same four without shortcuts, which must leave the same trees
#pragma once

#include <string>

#include <gtest/gtest.h>
#include <vmarea_shims/maple_tree.hpp>

namespace vmarea::test {

template <shims::MapleTreeOptions Chosen>
struct MapleConfig {
  static constexpr shims::MapleTreeOptions options = Chosen;
  static constexpr bool published = Chosen.mode == shims::WriteMode::published;
};

using TinyInPlace = MapleConfig<shims::MapleTreeOptions{4, shims::WriteMode::in_place}>;
using DefaultInPlace = MapleConfig<shims::MapleTreeOptions{}>;
using TinyPublished = MapleConfig<shims::MapleTreeOptions{4, shims::WriteMode::published}>;
using DefaultPublished = MapleConfig<shims::MapleTreeOptions{15, shims::WriteMode::published}>;

template <class Config>
using LongWay = MapleConfig<shims::MapleTreeOptions{Config::options.capacity, Config::options.mode,
                                                    shims::Shortcuts::none}>;

// Eight take minutes to compile. Where only the search and the shifting of slots are asked for
// again, the shortcuts are not; with the sanitizers tiny nodes go the long way, for they do so more
// often.
#ifdef VMAREA_TEST_FEWER_TREES
using InPlaceConfigs = testing::Types<TinyInPlace, DefaultInPlace>;
using PublishedConfigs = testing::Types<TinyPublished, DefaultPublished>;
using AllConfigs = testing::Types<TinyInPlace, DefaultInPlace, TinyPublished, DefaultPublished>;
#elif defined(__SANITIZE_ADDRESS__)
using InPlaceConfigs = testing::Types<TinyInPlace, DefaultInPlace, LongWay<TinyInPlace> >;
using PublishedConfigs = testing::Types<TinyPublished, DefaultPublished, LongWay<TinyPublished> >;
using AllConfigs = testing::Types<TinyInPlace, DefaultInPlace, LongWay<TinyInPlace>, TinyPublished,
                                  DefaultPublished, LongWay<TinyPublished> >;
#else
using InPlaceConfigs =
    testing::Types<TinyInPlace, DefaultInPlace, LongWay<TinyInPlace>, LongWay<DefaultInPlace> >;
using PublishedConfigs = testing::Types<TinyPublished, DefaultPublished, LongWay<TinyPublished>,
                                        LongWay<DefaultPublished> >;
using AllConfigs = testing::Types<TinyInPlace, DefaultInPlace, LongWay<TinyInPlace>,
                                  LongWay<DefaultInPlace>, TinyPublished, DefaultPublished,
                                  LongWay<TinyPublished>, LongWay<DefaultPublished> >;
#endif

struct ConfigName {
  template <class Config>
  static std::string GetName(int) {
    const bool shortcuts = Config::options.shortcuts == shims::Shortcuts::all;
    return std::string(Config::options.capacity == 4 ? "tiny" : "default") +
           (Config::published ? "_published" : "_in_place") + (shortcuts ? "" : "_long_way");
  }
};

}  // namespace vmarea::test
