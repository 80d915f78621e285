// SPDX-License-Identifier: MIT
//
// The code to be tested: stacks for fibres, each above a page that nothing may touch. It asks for
// memory by three functions named like the system calls, so that a test can answer them.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace fibres {

inline constexpr std::uint64_t page_bytes = 4096;
inline constexpr std::uint64_t stack_bytes = 16 * page_bytes;

/// `Memory` has map(length), protect_none(start, length) and unmap(start, length), which answer
/// whether it was done; map() gives the address.
template <class Memory>
class StackPool {
 public:
  explicit StackPool(Memory& memory) : memory_(memory) {}
  ~StackPool() {
    for (const std::uint64_t stack : idle_) memory_.unmap(stack - page_bytes, whole);
  }
  StackPool(const StackPool&) = delete;
  StackPool& operator=(const StackPool&) = delete;

  /// The lowest address of a stack; nothing if there is no memory.
  std::optional<std::uint64_t> take() {
    if (!idle_.empty()) {
      const std::uint64_t stack = idle_.back();
      idle_.pop_back();
      return stack;
    }
    const std::optional<std::uint64_t> start = memory_.map(whole);
    if (!start) return {};
    if (!memory_.protect_none(*start, page_bytes)) {
      memory_.unmap(*start, whole);
      return {};
    }
    return *start + page_bytes;
  }
  void give_back(std::uint64_t stack) { idle_.push_back(stack); }

 private:
  static constexpr std::uint64_t whole = page_bytes + stack_bytes;

  Memory& memory_;
  std::vector<std::uint64_t> idle_;
};

}  // namespace fibres
