// SPDX-License-Identifier: MIT
//
// The trees that every test of the maple tree runs with.
//
//              in place            published
//   tiny       4 slots a node      4 slots a node     many levels from few entries
//   default    15 slots a node     15 slots a node
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

using InPlaceConfigs = testing::Types<TinyInPlace, DefaultInPlace>;
using PublishedConfigs = testing::Types<TinyPublished, DefaultPublished>;
using AllConfigs = testing::Types<TinyInPlace, DefaultInPlace, TinyPublished, DefaultPublished>;

struct ConfigName {
  template <class Config>
  static std::string GetName(int) {
    return std::string(Config::options.capacity == 4 ? "tiny" : "default") +
           (Config::published ? "_published" : "_in_place");
  }
};

}  // namespace vmarea::test
