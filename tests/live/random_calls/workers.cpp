// SPDX-License-Identifier: MIT
#include "live/random_calls/workers.hpp"

#include <cstdio>

#include <fmt/format.h>
#include <unistd.h>

#include "live/random_calls/generator.hpp"
#include "live/random_calls/small_scope.hpp"

namespace vmarea::live {

Workers::Workers(const Options& options, Runner& runner, SharedSlates& slates)
    : options_(options), runner_(runner), slates_(slates) {
  for (std::uint64_t job = 0; job < options_.jobs; ++job) {
    slates_[job].sequence = options_.sequence.value_or(job);
  }
}

Slate* Workers::run() {
  std::fflush(nullptr);
  children_.assign(options_.jobs, 0);
  for (unsigned job = 0; job < options_.jobs; ++job) {
    if (!begin_child(children_[job])) continue;
    work(slates_[job], job);
    leave_child();
  }
  await();
  for (std::uint64_t job = 0; job < options_.jobs; ++job) {
    if (slates_[job].trouble != Trouble::none) return &slates_[job];
  }
  return nullptr;
}

void Workers::forget(Slate& slate, Next next) {
  slate.trouble = Trouble::none;
  if (next == Next::leave_out) slate.sequence += options_.jobs;
}

void Workers::begin_count() {
  for (std::uint64_t job = 0; job < options_.jobs; ++job) slates_[job].counts = {};
}

Sequence Workers::generate(std::uint64_t sequence) const {
  if (options_.small_scope != 0) return small_scope_sequence(sequence, options_.small_scope);
  return Generator(options_.seed, sequence, options_.kinds, options_.shape).generate();
}

/// Runs every jobs-th sequence until enough calls or all sequences were made or something differs,
/// in one process after the other.
void Workers::work(Slate& slate, unsigned view) {
  runner_.use(slate, view);
  while (!is_done(slate)) {
    run_in_child(slate, [&] {
      runner_.become_child();
      runner_.take_own_segments();
      while (!is_done(slate) && !runner_.wants_new_process()) run_next(slate);
    });
  }
}

bool Workers::is_done(const Slate& slate) const {
  const std::uint64_t share = (options_.operations + options_.jobs - 1) / options_.jobs;
  const bool only_one = options_.sequence && slate.counts.sequences != 0;
  const bool had_all = options_.small_scope != 0
                           ? slate.sequence >= small_scope_count(options_.small_scope)
                           : slate.counts.calls >= share;
  return had_all || only_one || slates_.anything_wrong();
}

void Workers::run_next(Slate& slate) {
  runner_.run(generate(slate.sequence), {});
  if (slate.trouble != Trouble::none) return;
  ++slate.counts.sequences;
  slate.sequence += options_.jobs;
}

/// Shows how far the workers are. A thread would map a stack.
void Workers::await() {
  const bool shows = options_.verbose || isatty(STDERR_FILENO) != 0;
  constexpr int tenths_between = 20;
  constexpr unsigned tenth_us = 100'000;
  for (int tenths = 1; !all_left(); ++tenths) {
    usleep(tenth_us);
    if (!shows || tenths % tenths_between != 0) continue;
    if (options_.small_scope != 0) {
      fmt::print(stderr, "{} of {} sequences\n", counts().sequences,
                 small_scope_count(options_.small_scope));
    } else {
      fmt::print(stderr, "{} of {} calls\n", counts().calls, options_.operations);
    }
  }
}

bool Workers::all_left() {
  bool all = true;
  for (std::uint64_t job = 0; job < options_.jobs; ++job) {
    if (children_[job] != 0 && !has_left(slates_[job], children_[job])) all = false;
  }
  return all;
}

}  // namespace vmarea::live
