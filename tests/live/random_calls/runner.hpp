// SPDX-License-Identifier: MIT
//
// Executes a sequence on both sides and compares after every call results and areas, as much of
// them as can be seen; at intervals what smaps says, page totals and our own invariants. Stops at
// the first difference and writes it on the slate.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "live/random_calls/call.hpp"
#include "live/random_calls/deviations.hpp"
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
  Runner(const Shape& shape, const KernelProfile& profile, const AreaProgram& program);

  /// Compares with this profile from now on. To be called where no sequence has run, or was run
  /// in children only.
  void set_profile(const KernelProfile& profile) { model_->use(profile); }
  /// Where it writes from now on, and the view that shows it the kernel's areas.
  void use(Slate& slate, unsigned view = 0);
  /// Runs from an empty arena, in this process or, if the sequence leaves something behind, in a
  /// child.
  void run(const Sequence& sequence, RunOptions options);
  /// As run(), always in a child.
  void run_apart(const Sequence& sequence, RunOptions options);
  /// Makes the calls in a child, compares nothing, and writes what is then seen of both sides.
  void observe(const Sequence& sequence, Observed observed);
  /// To be called in a child that goes on to run sequences.
  void become_child();
  /// To be called in one that does so beside others, before it runs any: they count areas.
  void take_own_segments() { kernel_.take_own_segments(); }
  /// Whether what the kernel counts in excess comes near the limits: only a new process is rid of
  /// it.
  bool wants_new_process() const;
  std::string why_unusable() { return kernel_.why_unusable(); }

 private:
  void run_here(const Sequence& sequence, RunOptions options);
  bool take_step(const Call& call);
  void execute(const Call& call);
  void clear_elsewhere(const Call& call);
  std::string kernel_shows(Observed observed, const Call& last);
  std::string library_shows(Observed observed, const Call& last) const;
  void count(const Call& call);
  void note_result(std::int64_t result);
  bool same_pictures(Detail known);
  bool reads_smaps(RunOptions options);
  bool compare_smaps();
  bool compare_all(RunOptions options);
  bool compare_totals();
  bool fail(Trouble trouble, const char* message = nullptr);

  Shape shape_;
  KernelArena kernel_;
  std::unique_ptr<ModelArena> model_;
  Slate* slate_ = nullptr;
  Picture seen_kernel_;
  Detail known_;        // How much of it.
  Flags flags_hidden_;  // By this kernel, which has no word for them.
  Picture before_;
  PageTotals kernel_base_;  // What each side counts when the arena is empty.
  PageTotals model_base_;
  std::int64_t committed_base_ = 0;
  std::uint64_t deviations_counted_ = 0;
};

}  // namespace vmarea::live
