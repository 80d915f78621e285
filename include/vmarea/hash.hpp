// SPDX-License-Identifier: MIT
//
// std::hash of the value types, for unordered containers: ranges, sets of bits, identities and
// attributes. The core does without: std::hash is not freestanding.
//
//   #include <vmarea/hash.hpp>
//   std::unordered_map<vmarea::Range, Guest> guests;
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "vmarea/types/area.hpp"
#include "vmarea/types/bit_set.hpp"
#include "vmarea/types/range.hpp"

namespace vmarea {

/// A hash of a few words. Every bit of each reaches every bit of it, also the low ones, which
/// addresses of pages have in common.
template <class... Words>
constexpr std::size_t hash_words(Words... words) noexcept {
  std::uint64_t hash = 0;
  for (const std::uint64_t word : {std::uint64_t{words}...}) {
    hash = (hash ^ word) + 0x9e37'79b9'7f4a'7c15;  // The finaliser of SplitMix64.
    hash = (hash ^ (hash >> 30)) * 0xbf58'476d'1ce4'e5b9;
    hash = (hash ^ (hash >> 27)) * 0x94d0'49bb'1331'11eb;
    hash ^= hash >> 31;
  }
  return static_cast<std::size_t>(hash);
}

}  // namespace vmarea

template <>
struct std::hash<vmarea::Range> {
  constexpr std::size_t operator()(vmarea::Range range) const noexcept {
    return vmarea::hash_words(range.start, range.end);
  }
};

template <class Tag, class Word>
struct std::hash<vmarea::BitSet<Tag, Word>> {
  constexpr std::size_t operator()(vmarea::BitSet<Tag, Word> bits) const noexcept {
    return vmarea::hash_words(bits.bits());
  }
};

template <>
struct std::hash<vmarea::AnonIdentity> {
  constexpr std::size_t operator()(vmarea::AnonIdentity identity) const noexcept {
    return vmarea::hash_words(identity.value() | (identity.fork_child() ? 1u : 0u));
  }
};

template <>
struct std::hash<vmarea::Attributes> {
  constexpr std::size_t operator()(const vmarea::Attributes& content) const noexcept {
    return vmarea::hash_words(content.policy, content.userfault_context, content.name);
  }
};
