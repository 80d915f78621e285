// SPDX-License-Identifier: MIT
//
// random_calls: random memory calls on the running kernel and on an address space of ours, compared
// after every call. Worker processes measure; this one waits, shrinks and prints, so that nothing
// of it is mapped while a sequence runs.
#include <chrono>
#include <cstdio>
#include <memory>
#include <vector>

#include <fmt/format.h>
#include <vmarea_shims/profile_for.hpp>

#include "live/area_program/area_program.hpp"
#include "live/random_calls/call.hpp"
#include "live/random_calls/deviations.hpp"
#include "live/random_calls/options.hpp"
#include "live/random_calls/report.hpp"
#include "live/random_calls/runner.hpp"
#include "live/random_calls/sequence_file.hpp"
#include "live/random_calls/shrinker.hpp"
#include "live/random_calls/slate.hpp"
#include "live/random_calls/small_scope.hpp"
#include "live/random_calls/surroundings.hpp"
#include "live/random_calls/which_profile.hpp"
#include "live/random_calls/workers.hpp"

namespace {

using namespace vmarea;
using namespace vmarea::live;
using Clock = std::chrono::steady_clock;

/// The profile that was asked for, or that of the running kernel.
const shims::NamedProfile& profile_of(const Options& options) {
  const shims::NamedProfile* asked_for = shims::find_profile(options.profile);
  return asked_for != nullptr ? *asked_for : shims::profile_for(kernel_release());
}

constexpr int exit_mismatch = 1;
constexpr int exit_bad_input = 2;
constexpr int exit_skipped = 77;

class Program {
 public:
  Program(const Options& options, const char* name, const AreaProgram& areas)
      : options_(options),
        name_(name),
        slates_(options.jobs),
        spare_(1),
        profile_(profile_of(options)),
        runner_(options.shape, profile_.profile, areas),
        workers_(options_, runner_, slates_),
        areas_(areas) {}

  int run() {
    if (const std::string why = runner_.why_unusable(); !why.empty()) {
      fmt::print("random_calls: skipped: {}\n", why);
      return exit_skipped;
    }
    fmt::print("random_calls: Linux {}, compared with {}\n", kernel_release(), profile_.name);
    std::fflush(stdout);
    if (options_.which_profile) {
      const bool explained = find_which_profile(options_, profile_, runner_, workers_, spare_[0]);
      return explained ? 0 : exit_mismatch;
    }
    if (!options_.replay.empty()) return replay();
    if (!options_.deviations.empty()) return check_deviations();
    const auto began = Clock::now();
    if (Slate* slate = workers_.run()) return report_mismatch(*slate);
    const std::chrono::duration<double> took = Clock::now() - began;
    const Counts counts = workers_.counts();
    if (options_.verbose) {
      fmt::print("{}{}", table(counts, options_.kinds, took.count()),
                 way_of_reading(counts, areas_));
    }
    fmt::print("random_calls: {} operations of {}, 0 mismatches, {} known deviations met\n",
               counts.calls, source(), counts.deviations_met);
    return 0;
  }

 private:
  /// Where the calls are from, for people.
  std::string source() const {
    if (options_.small_scope == 0) {
      return fmt::format("{} kinds, seed {}", count_kinds(options_.kinds), options_.seed);
    }
    return fmt::format("all {} sequences of up to {} calls",
                       small_scope_count(options_.small_scope), options_.small_scope);
  }

  int report_mismatch(Slate& slate) {
    const Sequence calls = workers_.generate(slate.sequence);
    Found found;
    found.seed = options_.seed;
    found.sequence = slate.sequence;
    const std::uint64_t calls_made = workers_.counts().calls;
    show(found, slate, calls);
    fmt::print("random_calls: 1 mismatch after {} operations of {}\n", calls_made, source());
    return exit_mismatch;
  }

  /// Shrinks the sequence, writes it to a file and prints it.
  void show(Found& found, Slate& slate, const Sequence& calls) {
    found.kinds = options_.kinds;
    found.small_scope = options_.small_scope;
    found.shape = options_.shape;
    found.program = name_;
    found.profile = options_.profile;
    found.original_length = calls.size();
    const auto first = std::make_unique<Slate>();
    *first = slate;
    found.shortest = shrink(runner_, slate, calls, found.reproduced);
    const std::string remark = fmt::format("{}, sequence {}", source(), found.sequence);
    if (write_sequence(options_.save, options_.shape, found.shortest, remark)) {
      found.file = options_.save;
    } else {
      fmt::print(stderr, "random_calls: {} cannot be written\n", options_.save);
    }
    fmt::print("{}", report(found, found.reproduced ? slate : *first));
  }

  int replay() {
    Shape shape = options_.shape;
    Sequence calls;
    if (const std::string wrong = read_sequence(options_.replay, shape, calls); !wrong.empty()) {
      fmt::print(stderr, "random_calls: {}\n", wrong);
      return exit_bad_input;
    }
    Slate& slate = spare_[0];
    runner_.use(slate);
    runner_.run_apart(calls, {.flags_every = 1});
    if (slate.trouble == Trouble::none) {
      fmt::print("random_calls: {} operations of {}, 0 mismatches, {} known deviations met\n",
                 slate.counts.calls, options_.replay, slate.counts.deviations_met);
      return 0;
    }
    Found found;
    show(found, slate, calls);
    fmt::print("random_calls: 1 mismatch in {}\n", options_.replay);
    return exit_mismatch;
  }

  int check_deviations() {
    std::vector<Deviation> deviations;
    const std::string unread = read_deviations(options_.deviations, deviations);
    if (!unread.empty()) {
      fmt::print(stderr, "random_calls: {}\n", unread);
      return exit_bad_input;
    }
    std::size_t checked = 0;
    std::size_t changed = 0;
    for (const Deviation& deviation : deviations) {
      if (!is_shown_by(deviation, kernel_release())) {
        fmt::print("not run, for it is of other kernels ({}): {}\n", deviation.kernels,
                   deviation.title);
        continue;
      }
      if (!deviation.leaks.empty() && !options_.leaks) {
        fmt::print("not run, for it leaks {}: {}\n", deviation.leaks, deviation.title);
        continue;
      }
      ++checked;
      changed += is_as_listed(deviation) ? 0 : 1;
    }
    fmt::print("random_calls: {} known deviations checked, {} are not as listed\n", checked,
               changed);
    return changed == 0 ? 0 : exit_mismatch;
  }

  bool is_as_listed(const Deviation& deviation) {
    Slate& slate = spare_[0];
    runner_.use(slate);
    Observed observed{};
    parse_observed(deviation.kernel, observed);
    runner_.observe(deviation.calls, observed);
    const std::string kernel = slate.kernel_shows.data();
    const std::string library = slate.library_shows.data();
    const bool same = kernel == deviation.kernel && library == deviation.library;
    fmt::print("{}: {}\n  kernel: {}, library: {}\n", same ? "as listed" : "CHANGED",
               deviation.title, kernel, library);
    if (!same) fmt::print("  listed: {}, and {}\n", deviation.kernel, deviation.library);
    return same;
  }

  Options options_;
  const char* name_;
  // Before the runner, which fills the surroundings of the arena.
  SharedSlates slates_;
  SharedSlates spare_;
  const shims::NamedProfile& profile_;
  Runner runner_;
  Workers workers_;
  const AreaProgram& areas_;
};

/// The shape of a file of calls is known before anything is mapped.
bool take_shape_of_file(Options& options) {
  Sequence calls;
  const std::string wrong = read_sequence(options.replay, options.shape, calls);
  if (!wrong.empty()) fmt::print(stderr, "random_calls: {}\n", wrong);
  return wrong.empty();
}

}  // namespace

int main(int count, char** words) {
  if (Shape::compares_placement) begin_unrandomised(words);
  int exit_code = 0;
  std::optional<Options> options = parse_options(count, words, exit_code);
  if (!options) return exit_code;
  if (!options->replay.empty() && !take_shape_of_file(*options)) return exit_bad_input;
  options->kinds &= kinds_of(options->shape);
  if (options->kinds == 0) {
    fmt::print(stderr, "random_calls: an arena of this shape has none of these kinds\n");
    return exit_bad_input;
  }
  const AreaProgram areas(static_cast<unsigned>(options->jobs));
  prepare_heap(options->shape);
  return Program(*options, words[0], areas).run();
}
