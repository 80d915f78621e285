// SPDX-License-Identifier: MIT
//
// Memory for the nodes of a tree under test: counts, fails on request, keeps what was retired.
//
//   allocate -> live ---release---> poisoned and freed
//                    ---retire----> readable until end_grace_period(), then the same
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <set>

namespace vmarea::test {

struct NodeMemoryState {
  std::set<void*> live;     // Allocated, neither released nor retired.
  std::set<void*> retired;  // Readers may still hold these.
  std::size_t allocations = 0;
  std::size_t allowed = std::numeric_limits<std::size_t>::max();  // After these, all fail.
  std::size_t bytes = 0;                                          // Of one node.
  std::size_t alignment = 0;
  // A node given back twice, or one that was never handed out, or as one of another size.
  std::size_t misuses = 0;

  NodeMemoryState() = default;
  NodeMemoryState(const NodeMemoryState&) = delete;
  NodeMemoryState& operator=(const NodeMemoryState&) = delete;
  ~NodeMemoryState() { end_grace_period(); }

  void fail_after(std::size_t successes) { allowed = successes; }
  void never_fail() { allowed = std::numeric_limits<std::size_t>::max(); }
  void end_grace_period() {
    for (void* node : retired) poison_and_free(node);
    retired.clear();
  }
  /// Whether it is live, which it is no more.
  bool forget(void* node, std::size_t its_bytes, std::size_t its_alignment) {
    const bool is_live = live.erase(node) == 1;
    if (!is_live || its_bytes != bytes || its_alignment != alignment) ++misuses;
    return is_live;
  }
  void poison_and_free(void* node) {
    std::memset(node, 0xdd, bytes);
    std::free(node);
  }
};

/// The handle that a tree keeps.
struct NodeMemory {
  NodeMemoryState* state;

  void* allocate_node(std::size_t bytes, std::size_t alignment) noexcept {
    if (state->allowed == 0) return nullptr;
    --state->allowed;
    ++state->allocations;
    state->bytes = bytes;
    state->alignment = alignment;
    void* const node = std::aligned_alloc(alignment, bytes);
    std::memset(node, 0xcc, bytes);
    state->live.insert(node);
    return node;
  }
  void release_node(void* node, std::size_t bytes, std::size_t alignment) noexcept {
    if (state->forget(node, bytes, alignment)) state->poison_and_free(node);
  }
  void retire_node(void* node, std::size_t bytes, std::size_t alignment) noexcept {
    if (state->forget(node, bytes, alignment)) state->retired.insert(node);
  }
};

}  // namespace vmarea::test
