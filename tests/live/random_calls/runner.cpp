// SPDX-License-Identifier: MIT
#include "live/random_calls/runner.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include "vmarea/core/account.hpp"

namespace vmarea::live {
namespace {

constexpr Flags all_flags{~std::uint64_t{0} & ~flag::soft_dirty.bits()};
/// A sequence that takes longer hangs.
constexpr unsigned seconds_for_a_sequence = 30;

constexpr int heap_bytes = 32 << 20;

bool needs_child(const Sequence& sequence) {
  return std::any_of(sequence.begin(), sequence.end(), [](const Call& call) {
    return call.operation == Operation::fork || call.operation == Operation::mseal;
  });
}

bool in_arena(std::int64_t result) {
  const auto address = static_cast<std::uint64_t>(result);
  return result == 0 || (address >= arena_start && address < arena_end);
}

}  // namespace

Runner::Runner(Slate& slate) : slate_(slate), model_(kernel_.reads_allocate()) {
  // The heap takes its memory now and keeps it, so that page totals change by the calls alone.
  mallopt(M_TOP_PAD, heap_bytes);
  mallopt(M_TRIM_THRESHOLD, heap_bytes);
  mallopt(M_MMAP_THRESHOLD, heap_bytes);
  void* volatile taken = std::malloc(heap_bytes / 2);
  std::free(taken);
}

void Runner::run(const Sequence& sequence, RunOptions options) {
  if (needs_child(sequence)) {
    run_in_child(slate_, [&] {
      become_child();
      run_here(sequence, options);
    });
  } else {
    run_here(sequence, options);
  }
}

void Runner::run_apart(const Sequence& sequence, RunOptions options) {
  run_in_child(slate_, [&] {
    // What an assertion says has been said once.
    if (const int nowhere = open("/dev/null", O_WRONLY); nowhere >= 0) dup2(nowhere, 2);
    become_child();
    run_here(sequence, options);
  });
}

void Runner::run_here(const Sequence& sequence, RunOptions options) {
  alarm(seconds_for_a_sequence);
  slate_.step = 0;
  if (!kernel_.clear() || !model_.clear()) {
    fail(Trouble::clearing);
    return;
  }
  seen_model_.clear();
  base_ = kernel_.read_totals();
  kept_source_ = false;
  bool is_child = false;
  for (const Call& call : sequence) {
    const bool goes_on_in_child = call.operation == Operation::fork &&
                                  call.flags == static_cast<std::uint32_t>(ForkGoesOn::in_child);
    if (goes_on_in_child) {
      if (int child = 0; !begin_child(child)) {
        await_child(slate_, child);
        break;
      }
      kernel_.become_child();
      base_.locked = 0;  // Locks are not inherited.
      is_child = true;
    }
    if (!model_.can_follow(call)) {
      note_result(skipped);
    } else if (!take_step(call)) {
      break;
    } else if (options.count) {
      count(call);
    }
    ++slate_.step;
    const bool last = slate_.step == sequence.size();
    if ((last || slate_.step % options.flags_every == 0) && !compare_all()) break;
  }
  alarm(0);
  if (is_child) leave_child();
}

void Runner::count(const Call& call) {
  ++slate_.calls;
  ++slate_.calls_of_kind[static_cast<unsigned>(call.kind)];
  if (slate_.kernel_result >= 0) ++slate_.succeeded_of_kind[static_cast<unsigned>(call.kind)];
}

bool Runner::take_step(const Call& call) {
  if (call.operation == Operation::fork) {
    slate_.kernel_result = 0;
    if (call.flags == static_cast<std::uint32_t>(ForkGoesOn::in_parent)) {
      run_in_child(slate_, [] {});
    }
  } else {
    slate_.kernel_result = kernel_.execute(call);
  }
  slate_.model_result = model_.execute(call);
  note_result(slate_.kernel_result);
  if (call.operation == Operation::mremap && (call.flags & remap::dont_unmap.bits()) != 0) {
    kept_source_ = true;
  }
  if (slate_.kernel_result > 0 && !in_arena(slate_.kernel_result)) {
    // Where a side puts what it may put anywhere is not compared here; it goes away at once.
    kernel_.unmap(static_cast<std::uint64_t>(slate_.kernel_result), call.new_length);
    if (slate_.model_result > 0 && !in_arena(slate_.model_result)) {
      model_.unmap(static_cast<std::uint64_t>(slate_.model_result), call.new_length);
      slate_.model_result = slate_.kernel_result;
    }
  }
  before_ = seen_model_;
  kernel_.read_areas(seen_kernel_);
  model_.read_areas(seen_model_);
  slate_.areas_seen += seen_kernel_.areas().size();
  if (slate_.kernel_result != slate_.model_result) return fail(Trouble::result);
  if (!same(seen_kernel_, seen_model_, quick_flags)) return fail(Trouble::areas);
  return true;
}

void Runner::note_result(std::int64_t result) {
  if (slate_.step < slate_.results.size()) slate_.results[slate_.step] = result;
}

bool Runner::compare_all() {
  ++slate_.flag_readings;
  kernel_.read_all_flags(seen_kernel_);
  if (!same(seen_kernel_, seen_model_, all_flags)) {
    --slate_.step;
    return fail(Trouble::flags);
  }
  if (!compare_totals()) return false;
  if (const char* broken = model_.what_is_broken(); broken != nullptr) {
    --slate_.step;
    std::strncpy(slate_.message.data(), broken, slate_.message.size() - 1);
    return fail(Trouble::invariants);
  }
  return true;
}

bool Runner::compare_totals() {
#ifndef __SANITIZE_ADDRESS__  // Its allocator maps and unmaps as it likes.
  slate_.kernel_totals = kernel_.read_totals();
  slate_.kernel_totals += negated(base_);
  slate_.model_totals = model_.totals();
  if (kept_source_) slate_.kernel_totals.locked = slate_.model_totals.locked;
  if (slate_.kernel_totals != slate_.model_totals) {
    --slate_.step;
    return fail(Trouble::totals);
  }
#endif
  return true;
}

bool Runner::fail(Trouble trouble) {
  kernel_.read_all_flags(slate_.kernel);
  model_.read_areas(slate_.model);
  slate_.before = before_;
  slate_.trouble = trouble;
  return false;
}

}  // namespace vmarea::live
