// SPDX-License-Identifier: MIT
//
// The tree that lookups are tried in, published and of tiny nodes, and what is looked up in it or
// in the map that it should be like.
#pragma once

#include <cstdint>

#include <vmarea_shims/maple_tree.hpp>

#include "support/map_tree.hpp"

namespace vmarea::test {

struct Letter {
  std::uint64_t fact = 0;
};
template <class AtomicsOfTree>
struct LetterFacts {
  static constexpr std::size_t words = 1;
  using Atomics = AtomicsOfTree;
  static TreeFacts<1> of(const Letter& letter) noexcept { return {{letter.fact}}; }
};
template <class Memory, class Atomics>
using LetterTree =
    shims::MapleTree<Letter, Memory, shims::MapleTreeOptions{4, shims::WriteMode::published},
                     LetterFacts<Atomics>>;

struct Lookup {
  using Told = ToldEntry<Letter, 1>;
  TreeKey key;
  bool or_above;

  template <class Tree>
  Told in(const Tree& tree) const {
    return or_above ? tree.look_up_at_or_above(key) : tree.look_up(key);
  }
  Told in(const MapTree<Letter>& map) const {
    const TreeEntry<Letter> entry = or_above ? map.seek(key).entry() : map.find(key);
    return entry ? Told{entry, {{entry.value->fact}}} : Told{};
  }
};

}  // namespace vmarea::test
