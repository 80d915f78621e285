// SPDX-License-Identifier: MIT
//
// Every sequence of four calls of the small scope, and of three after each beginning, on a watched
// address space and on a reference that knows the rules alone: after each call the answers are
// equal, and so is all that is seen of each page, which areas begin where included.
//
//   VMAREA_SMALL_SCOPE=5 ./model_small_scope_test   every sequence of five
#include <array>
#include <numeric>

#include <gtest/gtest.h>

#include "model/small_scope/calls.hpp"
#include "model/small_scope/library.hpp"
#include "model/small_scope/reference.hpp"
#include "support/run_apart.hpp"

namespace vmarea::small_scope {
namespace {

/// What came of the calls, by the reference.
struct Tally {
  std::uint64_t sequences = 0;
  std::uint64_t joins = 0;
  std::array<std::uint64_t, verb_names.size()> done{};
  std::array<std::uint64_t, verb_names.size()> refused{};

  void count(const Call& call, Answer answer) {
    ++(answer == Answer::done ? done : refused)[static_cast<std::size_t>(call.verb)];
  }
};

/// Makes the calls on both sides. What is wrong; empty: nothing.
std::string play(const Sequence& sequence, Tally& tally) {
  Reference reference;
  Library library;
  test::current_call = text_of(sequence);
  for (const Call& call : sequence) {
    const Answer expected = reference.take(call);
    const Answer answer = library.take(call);
    const Picture wanted = with_identities_in_order(reference.picture());
    const Picture seen = with_identities_in_order(library.picture());
    if (testing::Test::HasFailure() || expected != answer || wanted != seen) {
      return fmt::format("expected answer {} and\n{}but got {} and\n{}at {}",
                         static_cast<int>(expected), text_of(wanted), static_cast<int>(answer),
                         text_of(seen), text_of(call));
    }
    tally.count(call, expected);
  }
  ++tally.sequences;
  tally.joins += reference.joins();
  return {};
}

/// Up to the first one that goes wrong.
Tally play_all(std::size_t length) {
  Tally tally;
  for (std::uint64_t number = 0; number < sequence_count(length); ++number) {
    const Sequence sequence = sequence_of(number, length);
    const std::string wrong = play(sequence, tally);
    if (wrong.empty()) continue;
    ADD_FAILURE() << wrong << "in sequence " << number << "\n" << text_of(sequence);
    break;
  }
  return tally;
}

std::uint64_t sum(const auto& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

TEST(SmallScope, every_sequence_comes_to_what_the_rules_say) {
  const std::size_t length = test::number_from("VMAREA_SMALL_SCOPE", 4);
  const Tally tally = play_all(length);
  EXPECT_EQ(tally.sequences, sequence_count(length));
  fmt::print("{} sequences of {} calls out of {}: {} calls done, {} refused, {} joins\n",
             tally.sequences, length, all_calls.size(), sum(tally.done), sum(tally.refused),
             tally.joins);
}

TEST(SmallScope, sequences_make_each_call_succeed_and_fail) {
  const Tally tally = play_all(3);
  for (std::size_t verb = 0; verb < verb_names.size(); ++verb) {
    const bool never_fails = static_cast<Verb>(verb) == Verb::fork;
    EXPECT_GT(tally.done[verb], 0u) << verb_names[verb];
    EXPECT_EQ(tally.refused[verb] == 0, never_fails) << verb_names[verb];
  }
}

}  // namespace
}  // namespace vmarea::small_scope
