// SPDX-License-Identifier: MIT
//
// Executes a sequence on both sides and compares after every call: results, places, permissions;
// at intervals all flags, page totals and our own invariants. Stops at the first difference and
// writes it on the slate.
#pragma once

#include <cstdint>

#include "live/random_calls/call.hpp"
#include "live/random_calls/kernel_arena.hpp"
#include "live/random_calls/model_arena.hpp"
#include "live/random_calls/slate.hpp"

namespace vmarea::live {

struct RunOptions {
  std::uint64_t flags_every = 64;  // Steps from one reading of all flags to the next.
  bool count = true;               // Whether the calls count on the slate.
};

class Runner {
 public:
  explicit Runner(Slate& slate);

  /// Runs from an empty arena, in this process or, if the sequence forks or seals, in a child.
  void run(const Sequence& sequence, RunOptions options);
  /// As run(), always in a child.
  void run_apart(const Sequence& sequence, RunOptions options);
  /// To be called in a child that goes on to run sequences.
  void become_child() { kernel_.become_child(); }
  std::string why_unusable() const { return kernel_.why_unusable(); }

 private:
  void run_here(const Sequence& sequence, RunOptions options);
  bool take_step(const Call& call);
  void count(const Call& call);
  void note_result(std::int64_t result);
  bool compare_all();
  bool compare_totals();
  bool fail(Trouble trouble);

  Slate& slate_;
  KernelArena kernel_;
  ModelArena model_;
  Picture seen_kernel_;
  Picture seen_model_;
  Picture before_;
  bool kept_source_ = false;  // A known deviation: MREMAP_DONTUNMAP leaks locked pages on Linux.
  PageTotals base_;           // What the kernel counts for the rest of this process.
};

}  // namespace vmarea::live
