// SPDX-License-Identifier: MIT
//
// Words of a tree that readers without a lock may see change: plain memory where there are none.
//
//   writer   makes a node, then stores its address       release: all of the node is seen with it
//   reader   loads the address, then reads the node      acquire
#pragma once

#include <atomic>

#include <vmarea_shims/atomics.hpp>
#include <vmarea_shims/maple_tree/machine.hpp>

namespace vmarea::shims {
inline namespace VMAREA_MACHINE {
namespace maple {

/// The writer and its readers keep each other out.
struct NotShared {
  static constexpr bool published = false;

  template <class Word>
  static Word load(const Word& word) noexcept {
    return word;
  }
  template <class Word>
  static void store(Word& word, Word value) noexcept {
    word = value;
  }
};

/// Readers come at any time. Atomics: as StandardAtomics, or what stands in for it in a test.
template <class Atomics>
struct SharedWords {
  static constexpr bool published = true;

  template <class Word>
  static Word load(const Word& word) noexcept {
    Atomics::schedule_point();
    return std::atomic_ref<Word>(const_cast<Word&>(word)).load(std::memory_order_acquire);
  }
  template <class Word>
  static void store(Word& word, Word value) noexcept {
    Atomics::schedule_point();
    std::atomic_ref<Word>(word).store(value, std::memory_order_release);
  }
};

}  // namespace maple
}  // namespace VMAREA_MACHINE
}  // namespace vmarea::shims
