// SPDX-License-Identifier: MIT
#include "live/random_calls/which_profile.hpp"

#include <cstdio>
#include <utility>

#include <fmt/format.h>

#include "live/random_calls/profile_search.hpp"
#include "live/random_calls/sequence_file.hpp"
#include "live/random_calls/shrinker.hpp"

namespace vmarea::live {
namespace {

/// A rule that no switch has is met again and again; so many times are enough.
constexpr std::size_t unexplained_max = 5;

void say(const std::string& text) {
  fmt::print("{}\n", text);
  std::fflush(stdout);
}

/// Learns from random calls until as many as were asked for were made since the last change.
void learn_random(const Options& options, Runner& runner, Workers& workers, ProfileSearch& search) {
  runner.set_profile(search.profile());
  while (Slate* slate = workers.run()) {
    const std::uint64_t sequence = slate->sequence;
    const auto learned =
        search.learn({workers.generate(sequence),
                      fmt::format("of seed {}, sequence {}", options.seed, sequence),
                      {}});
    const bool explained = learned == ProfileSearch::Learned::flips;
    workers.forget(*slate, explained ? Workers::Next::again : Workers::Next::leave_out);
    if (explained) workers.begin_count();
    if (search.unexplained().size() >= unexplained_max) {
      say("Too much is unexplained: no more random calls are made");
      break;
    }
    runner.set_profile(search.profile());
  }
  say(fmt::format("{} random calls of {} kinds, seed {}, since the last change",
                  workers.counts().calls, count_kinds(options.kinds), options.seed));
}

}  // namespace

bool find_which_profile(const Options& options, const shims::NamedProfile& start, Runner& runner,
                        Workers& workers, Slate& slate) {
  const auto compare = [&](const KernelProfile& profile, const Sequence& calls) {
    runner.set_profile(profile);
    return first_wrong(runner, slate, calls);
  };
  ProfileSearch search(start.profile, directed_clues(options.shape, options.kinds), compare, say);
  search.learn_directed();
  say("Directed calls are made; now random ones");
  learn_random(options, runner, workers, search);
  std::vector<Verdict> verdicts = search.conclude();
  search.explain_unseen(verdicts);
  const std::vector<Clue>& unexplained = search.unexplained();
  fmt::print("{}", report(start.name, verdicts, unexplained));
  if (!unexplained.empty()) {
    const Clue& first = unexplained.front();
    const bool written = write_sequence(options.save, options.shape, first.calls, first.origin);
    if (written) fmt::print("The first of them is in {}\n", options.save);
  }
  fmt::print("random_calls: {}\n", summary(start.name, verdicts, unexplained.size()));
  return unexplained.empty();
}

}  // namespace vmarea::live
