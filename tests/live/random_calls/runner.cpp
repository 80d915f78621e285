// SPDX-License-Identifier: MIT
#include "live/random_calls/runner.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "live/random_calls/call_text.hpp"
#include "live/random_calls/surroundings.hpp"
#include "vmarea/space/account.hpp"

namespace vmarea::live {
namespace {

/// A sequence that takes longer hangs.
constexpr unsigned seconds_for_a_sequence = 30;

/// Whether something stays that no reset takes away.
bool needs_child(const Sequence& sequence) {
  return std::any_of(sequence.begin(), sequence.end(), [](const Call& call) {
    return call.operation == Operation::mseal || call.operation == Operation::deny_write_exec;
  });
}

Machine look_around(KernelArena& kernel, const Shape& shape, const KernelProfile& profile) {
  Machine machine;
  machine.profile = profile;
  machine.limits = kernel.limits();
  machine.reads_allocate = kernel.reads_allocate();
  machine.has_keys = kernel.has_keys();
  machine.marks_of_new_memory = kernel.marks_of_new_memory();
  machine.has_segments = kernel.has_segments();
  machine.low_is_random = is_randomised();
  machine.memory_pages = kernel.maps().read_memory_pages();
  if (Shape::compares_placement) {
    machine.placement_end = fill_surroundings(kernel.maps(), shape);
    machine.surroundings = read_surroundings(kernel.maps(), shape);
  }
  return machine;
}

}  // namespace

Runner::Runner(const Shape& shape, const KernelProfile& profile, const AreaProgram& program)
    : shape_(shape),
      kernel_(shape, program),
      model_(make_model(shape, look_around(kernel_, shape, profile))),
      flags_hidden_(kernel_.flags_hidden()) {}

void Runner::use(Slate& slate, unsigned view) {
  slate_ = &slate;
  kernel_.maps().use(view, slate.flag_bits);
}

void Runner::become_child() {
  kernel_.become_child();
  model_->become_child();
}

bool Runner::wants_new_process() const {
  constexpr std::int64_t pages_enough = 1000;
  return model_->locked_excess() > pages_enough;
}

void Runner::run(const Sequence& sequence, RunOptions options) {
  if (needs_child(sequence)) {
    run_in_child(*slate_, [&] {
      become_child();
      run_here(sequence, options);
    });
  } else {
    run_here(sequence, options);
  }
}

void Runner::run_apart(const Sequence& sequence, RunOptions options) {
  run_in_child(*slate_, [&] {
    // What an assertion says has been said once.
    if (const int nowhere = open("/dev/null", O_WRONLY); nowhere >= 0) dup2(nowhere, 2);
    become_child();
    run_here(sequence, options);
  });
}

void Runner::observe(const Sequence& sequence, Observed observed) {
  run_in_child(*slate_, [&] {
    become_child();
    kernel_.reset();
    model_->reset();
    kernel_base_ = kernel_.read_totals();
    committed_base_ = kernel_.maps().read_committed();
    for (const Call& call : sequence) execute(call);
    const auto keep = [](std::array<char, 256>& place, const std::string& text) {
      place[text.copy(place.data(), place.size() - 1)] = 0;
    };
    keep(slate_->kernel_shows, kernel_shows(observed, sequence.back()));
    keep(slate_->library_shows, library_shows(observed, sequence.back()));
  });
}

std::string Runner::kernel_shows(Observed observed, const Call& last) {
  switch (observed) {
    case Observed::result:
      return "result " + describe_result(last.operation, slate_->kernel_result);
    case Observed::locked:
      return fmt::format("locked {}", kernel_.read_totals().locked - kernel_base_.locked);
    case Observed::committed:
      return fmt::format("committed {}", kernel_.maps().read_committed() - committed_base_);
    case Observed::areas:
      break;
  }
  kernel_.read_areas(seen_kernel_, model_->picture());
  return "areas" + text_of_ranges(seen_kernel_);
}

std::string Runner::library_shows(Observed observed, const Call& last) const {
  switch (observed) {
    case Observed::result:
      return "result " + describe_result(last.operation, slate_->model_result);
    case Observed::locked:
      return fmt::format("locked {}", model_->locked_pages());
    case Observed::committed:
      return fmt::format("committed {}", model_->committed_pages());
    case Observed::areas:
      break;
  }
  return "areas" + text_of_ranges(model_->picture());
}

void Runner::run_here(const Sequence& sequence, RunOptions options) {
  alarm(seconds_for_a_sequence);
  slate_->step = 0;
  if (!kernel_.reset() || !model_->reset()) {
    known_ = kernel_.read_areas(seen_kernel_, model_->picture());
    fail(Trouble::clearing);
    return;
  }
  kernel_base_ = kernel_.read_totals();
  model_base_ = model_->totals();
  bool is_child = false;
  for (const Call& call : sequence) {
    const bool goes_on_in_child = call.operation == Operation::fork &&
                                  call.flags == static_cast<std::uint32_t>(ForkGoesOn::in_child);
    if (goes_on_in_child) {
      if (int child = 0; !begin_child(child)) {
        await_child(*slate_, child);
        break;
      }
      kernel_.become_child();
      kernel_base_.locked = model_base_.locked = 0;  // Locks are not inherited.
      is_child = true;
    }
    if (!model_->can_follow(call)) {
      note_result(skipped);
    } else if (!take_step(call)) {
      break;
    } else if (options.count) {
      count(call);
    }
    ++slate_->step;
    const bool last = slate_->step == sequence.size();
    if ((last || slate_->step % options.flags_every == 0) && !compare_all(options)) break;
  }
  alarm(0);
  if (is_child) leave_child();
}

void Runner::count(const Call& call) {
  const auto kind = static_cast<unsigned>(call.kind);
  ++slate_->counts.calls;
  if (known_.hidden) ++slate_->counts.calls_seen_whole;
  ++slate_->counts.calls_of_kind[kind];
  if (slate_->kernel_result >= 0) ++slate_->counts.succeeded_of_kind[kind];
  slate_->counts.areas_seen += seen_kernel_.areas().size();
  slate_->counts.deviations_met += model_->deviations_met() - deviations_counted_;
  deviations_counted_ = model_->deviations_met();
}

void Runner::execute(const Call& call) {
  if (call.operation == Operation::fork) {
    slate_->kernel_result = 0;
    if (call.flags == static_cast<std::uint32_t>(ForkGoesOn::in_parent)) {
      run_in_child(*slate_, [] {});
    }
  } else {
    slate_->kernel_result = kernel_.execute(call);
  }
  slate_->model_result = model_->execute(call);
  note_result(slate_->kernel_result);
}

/// Only the address of what lies outside the arena is compared; then it goes.
void Runner::clear_elsewhere(const Call& call) {
  const std::uint64_t length = length_placed(call);
  const bool ours = is_elsewhere(shape_, call, slate_->model_result);
  if (is_elsewhere(shape_, call, slate_->kernel_result)) {
    kernel_.unmap(static_cast<std::uint64_t>(slate_->kernel_result), length);
    if (ours && !Shape::compares_placement) slate_->kernel_result = slate_->model_result;
  }
  if (ours) model_->unmap(static_cast<std::uint64_t>(slate_->model_result), length);
}

bool Runner::take_step(const Call& call) {
  before_ = model_->picture();
  execute(call);
  clear_elsewhere(call);
  known_ = kernel_.read_areas(seen_kernel_, model_->picture());
  if (slate_->kernel_result != slate_->model_result) return fail(Trouble::result);
  if (!same_pictures(known_)) return fail(Trouble::picture);
  if (const char* wrong = model_->what_is_wrong(); wrong != nullptr) {
    return fail(Trouble::invariants, wrong);
  }
  return true;
}

void Runner::note_result(std::int64_t result) {
  if (slate_->step < slate_->results.size()) slate_->results[slate_->step] = result;
}

bool Runner::same_pictures(Detail known) {
  if (!known.hidden) known.flags = known.flags.without(flags_hidden_);
  slate_->difference = compare(seen_kernel_, model_->picture(), known);
  return slate_->difference == Difference::none;
}

/// Where every step knows all flags, smaps need only show from time to time that it does.
bool Runner::reads_smaps(RunOptions options) {
  constexpr std::uint64_t seldom = 16;
  const bool often = !known_.hidden || options.flags_every == 1;
  return often || ++slate_->comparisons % seldom == 0;
}

bool Runner::compare_smaps() {
  ++slate_->counts.smaps_readings;
  kernel_.read_all_flags(seen_kernel_);
  return same_pictures(all_flags_detail);
}

bool Runner::compare_all(RunOptions options) {
  Trouble trouble = Trouble::none;
  const char* broken = nullptr;
  if (reads_smaps(options) && !compare_smaps()) {
    trouble = Trouble::picture;
  } else if (!compare_totals()) {
    trouble = Trouble::totals;
  } else if (broken = model_->what_is_broken(); broken != nullptr) {
    trouble = Trouble::invariants;
  }
  if (trouble == Trouble::none) return true;
  --slate_->step;
  return fail(trouble, broken);
}

bool Runner::compare_totals() {
  if (!Shape::compares_placement) return true;  // The process counts what its allocator does.
  slate_->kernel_totals = kernel_.read_totals();
  slate_->kernel_totals += -kernel_base_;
  slate_->model_totals = model_->totals();
  slate_->model_totals += -model_base_;
  return slate_->kernel_totals == slate_->model_totals;
}

bool Runner::fail(Trouble trouble, const char* message) {
  if (!known_.hidden) kernel_.read_all_flags(seen_kernel_);
  slate_->kernel = seen_kernel_;
  slate_->model = model_->picture();
  slate_->before = before_;
  if (message != nullptr) {
    std::strncpy(slate_->message.data(), message, slate_->message.size() - 1);
  }
  slate_->trouble = trouble;
  return false;
}

}  // namespace vmarea::live
