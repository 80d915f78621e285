// SPDX-License-Identifier: MIT
//
// Which rules a kernel has, found out by machine: a space of ours with one profile plays the
// kernel, and the search begins from another.
#include <map>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <vmarea_shims/profile_for.hpp>

#include "live/random_calls/call_text.hpp"
#include "live/random_calls/generator.hpp"
#include "live/random_calls/model_pair.hpp"
#include "live/random_calls/options.hpp"
#include "live/random_calls/profile_search.hpp"

namespace vmarea::live {
namespace {

using State = Verdict::State;
using Names = std::set<std::string_view>;

/// In an arena of this shape no calls show these on any kernel.
const Names never_seen = {"driver_flags_join_again", "remap_count", "do_fork_refuses_special",
                          "seals_only_64_bit_spaces"};

/// What other rules of these kernels hide, besides; and the rule of soft-dirty marks, which no
/// memory has here.
const std::map<std::string_view, Names> hidden_on = {
    {"linux_6_1",
     {"kept_by_joins", "ignored_by_joins", "same_page_mark", "earliest_driver_turn",
      "watches_droppable_memory", "watching_decides_soft_dirty", "marks_guarded_areas"}},
    {"linux_6_12",
     {"kept_by_joins", "ignored_by_joins", "earliest_driver_turn", "watching_decides_soft_dirty",
      "marks_guarded_areas"}},
    {"linux_6_18", {"copy_beside_kept_source_joins_nothing", "watching_decides_soft_dirty"}},
    {"linux_7_2", {"watching_decides_soft_dirty"}},
};

Names unseen_on(std::string_view kernel) {
  Names names = never_seen;
  names.insert(hidden_on.at(kernel).begin(), hidden_on.at(kernel).end());
  return names;
}

ProfileSearch search_from(const KernelProfile& start, const ModelPair& kernel,
                          std::vector<Clue> directed = directed_clues(small_shape, all_kinds)) {
  return {start, std::move(directed),
          [&kernel](const KernelProfile& profile, const Sequence& calls) {
            return kernel.first_difference(profile, calls);
          },
          [](const std::string&) {}};
}

Names names_of(const std::vector<Verdict>& verdicts, State state) {
  Names names;
  for (const Verdict& verdict : verdicts) {
    if (verdict.state == state) names.insert(verdict.of->name);
  }
  return names;
}

/// "kept_locks cut_out", of each switch that differs.
std::set<std::string> differences(const std::vector<Verdict>& verdicts) {
  std::set<std::string> texts;
  for (const Verdict& verdict : verdicts) {
    if (verdict.state == State::differs) texts.insert(text_of(Flip{verdict.of, verdict.value}));
  }
  return texts;
}

/// What differs between two profiles, but for these.
std::set<std::string> differences(const KernelProfile& from, const KernelProfile& to,
                                  const Names& but) {
  std::set<std::string> texts;
  for (const ProfileSwitch& one : profile_switches()) {
    const unsigned value = one.value_of(to);
    const bool differs = value != one.value_of(from) && !but.contains(one.name);
    if (differs) texts.insert(text_of(Flip{&one, value}));
  }
  return texts;
}

TEST(ProfileSwitches, each_value_is_set_and_read_back_and_nothing_else_changes) {
  for (const shims::NamedProfile& named : shims::named_profiles) {
    for (const ProfileSwitch& one : profile_switches()) {
      ASSERT_LT(one.value_of(named.profile), one.values.size()) << one.name << ' ' << named.name;
      for (unsigned value = 0; value < one.values.size(); ++value) {
        const KernelProfile flipped = Flip{&one, value}.applied_to(named.profile);
        EXPECT_EQ(one.value_of(flipped), value) << one.name;
        const KernelProfile back = Flip{&one, one.value_of(named.profile)}.applied_to(flipped);
        EXPECT_EQ(back, named.profile) << one.name;
      }
    }
  }
}

TEST(ProfileSwitches, directed_calls_and_needs_speak_of_each_and_of_no_other) {
  Names spoken_of;
  for (const Clue& clue : directed_clues(crowded_shape, all_kinds)) {
    EXPECT_NE(find_switch(clue.directed_at), nullptr) << clue.directed_at;
    spoken_of.insert(clue.directed_at);
  }
  for (const ProfileSwitch& one : profile_switches()) {
    const bool has_need = !needed_to_show(one.name).empty();
    EXPECT_TRUE(has_need || spoken_of.contains(one.name)) << one.name;
    EXPECT_EQ(has_need, never_seen.contains(one.name)) << one.name;
  }
}

/// One switch after the other, on each kernel, differs: it alone is named, with its value.
TEST(WhichProfile, each_switch_that_differs_is_named_with_its_value) {
  for (const shims::NamedProfile& named : shims::named_profiles) {
    const Names unseen = unseen_on(named.name);
    for (const Flip& flip : flips_of(named.profile)) {
      SCOPED_TRACE(std::string(named.name) + " but " + text_of(flip));
      const KernelProfile profile = flip.applied_to(named.profile);
      const ModelPair kernel(small_shape, profile);
      ProfileSearch search = search_from(named.profile, kernel);
      search.learn_directed();
      const std::vector<Verdict> verdicts = search.conclude();
      EXPECT_EQ(differences(verdicts), differences(named.profile, profile, unseen));
      EXPECT_EQ(search.unexplained().size(), 0u);
    }
  }
}

TEST(WhichProfile, each_named_profile_is_found_from_each_other) {
  for (const shims::NamedProfile& named : shims::named_profiles) {
    for (const shims::NamedProfile& start : shims::named_profiles) {
      SCOPED_TRACE(std::string(named.name) + " from " + std::string(start.name));
      const ModelPair kernel(small_shape, named.profile);
      ProfileSearch search = search_from(start.profile, kernel);
      search.learn_directed();
      const std::vector<Verdict> verdicts = search.conclude();
      EXPECT_EQ(profiles_like(verdicts), std::vector{named.name});
      EXPECT_EQ(names_of(verdicts, State::unseen), unseen_on(named.name));
      EXPECT_EQ(differences(verdicts),
                differences(start.profile, named.profile, unseen_on(named.name)));
      EXPECT_EQ(search.unexplained().size(), 0u);
    }
  }
}

TEST(WhichProfile, switches_of_6_12_are_named_from_6_18_by_random_calls_alone) {
  const ModelPair kernel(small_shape, linux_6_12);
  ProfileSearch search = search_from(linux_6_18, kernel, {});
  constexpr std::uint64_t seed = 41;
  Kinds kinds = 0;
  ASSERT_TRUE(parse_kinds("basic,move,keep,lock,droppable,guard,userfault,merge_pages", kinds));
  for (std::uint64_t sequence = 0; sequence < 2000; ++sequence) {
    const Sequence calls = Generator(seed, sequence, kinds, small_shape).generate();
    while (search.learn({calls, std::to_string(sequence), {}}) == ProfileSearch::Learned::flips) {
    }
  }
  EXPECT_EQ(search.unexplained().size(), 0u);
  const std::vector<Verdict> verdicts = search.conclude();
  EXPECT_EQ(
      differences(verdicts),
      (std::set<std::string>{"faulted_into_untouched never", "same_page_mark after_mapping",
                             "remap_checks after_clearing", "remap_moves_several_areas no",
                             "kept_locks cut_out", "kept_source_joins_copy no",
                             "kept_source_restarts_at_address yes", "unregister_checks_context no",
                             "watches_droppable_memory yes", "knows_guard_advice no"}));
  EXPECT_EQ(profiles_like(verdicts), std::vector<std::string_view>{"linux_6_12"});
}

TEST(WhichProfile, what_is_hidden_says_by_which_values) {
  const ModelPair kernel(small_shape, linux_6_12);
  ProfileSearch search = search_from(linux_6_12, kernel);
  std::map<std::string_view, std::string> why;
  std::vector<Verdict> verdicts = search.conclude();
  search.explain_unseen(verdicts);
  for (const Verdict& verdict : verdicts) why[verdict.of->name] = verdict.why_unseen;
  EXPECT_EQ(why["marks_guarded_areas"], "is hidden by knows_guard_advice no");
  EXPECT_EQ(why["ignored_by_joins"],
            "is hidden by knows_guard_advice no and marks_guarded_areas no");
  EXPECT_EQ(why["earliest_driver_turn"], "is hidden by same_page_mark after_mapping");
  EXPECT_EQ(why["seals_only_64_bit_spaces"], "takes a 32-bit program");
  EXPECT_EQ(why["kept_locks"], "");
}

TEST(WhichProfile, what_was_left_out_says_so) {
  const ModelPair kernel(small_shape, linux_6_12);
  Kinds kinds = all_kinds;
  ASSERT_TRUE(parse_kinds("-keep", kinds));
  ProfileSearch search = search_from(linux_6_18, kernel, directed_clues(small_shape, kinds));
  search.learn_directed();
  std::vector<Verdict> verdicts = search.conclude();
  search.explain_unseen(verdicts);
  for (const Verdict& verdict : verdicts) {
    if (verdict.of->name != "kept_locks") continue;
    EXPECT_EQ(verdict.state, State::unseen);
    EXPECT_EQ(verdict.why_unseen, "the calls that show it are of kinds that were left out");
  }
}

/// The count of areas is met by one more of them in an arena behind which there are many.
TEST(WhichProfile, count_rules_of_mremap_differ_where_many_areas_are) {
  std::vector<Clue> clues = directed_clues(crowded_shape, kinds_of(crowded_shape));
  const Sequence& calls = clues.back().calls;
  ASSERT_EQ(clues.back().directed_at, "remap_count");
  const ProfileSwitch* count = find_switch("remap_count");
  for (unsigned a = 0; a < count->values.size(); ++a) {
    const ModelPair kernel(crowded_shape, Flip{count, a}.applied_to(linux_7_2));
    for (unsigned b = 0; b < count->values.size(); ++b) {
      const auto differs = kernel.first_difference(Flip{count, b}.applied_to(linux_7_2), calls);
      EXPECT_EQ(differs.has_value(), a != b) << count->values[a] << ' ' << count->values[b];
    }
  }
}

// ----- Kernels that are made up: which calls differ with which profile.

Clue clue_of(const char* line) {
  return {{*parse_call(line)}, line, {}};
}

ProfileSearch search_with(ProfileSearch::Compare compare) {
  return {linux_6_18, {}, std::move(compare), [](const std::string&) {}};
}

TEST(ProfileSearch, two_switches_are_found_where_one_is_not_enough) {
  ProfileSearch search = search_with([](const KernelProfile& profile, const Sequence&) {
    const bool same = !profile.knows_seals && profile.kept_locks == KeptLocks::cut_out;
    return same ? std::nullopt : std::optional<std::size_t>(0);
  });
  EXPECT_EQ(search.learn(clue_of("munmap(+0, 1p)")), ProfileSearch::Learned::flips);
  EXPECT_EQ(differences(search.conclude()),
            (std::set<std::string>{"kept_locks cut_out", "knows_seals no"}));
}

TEST(ProfileSearch, of_two_choices_that_is_taken_with_which_more_directed_calls_agree) {
  const auto compare = [](const KernelProfile& profile, const Sequence& calls) {
    const bool either = !profile.knows_seals || !profile.knows_memory_merge;
    const bool same =
        calls[0].operation == Operation::munmap ? either : !profile.knows_memory_merge;
    return same ? std::nullopt : std::optional<std::size_t>(0);
  };
  ProfileSearch search(linux_6_18, {clue_of("mlock(+0, 1p)")}, compare, [](const std::string&) {});
  EXPECT_EQ(search.learn(clue_of("munmap(+0, 1p)")), ProfileSearch::Learned::flips);
  EXPECT_TRUE(search.profile().knows_seals);
  EXPECT_FALSE(search.profile().knows_memory_merge);
}

TEST(ProfileSearch, a_wrong_choice_is_taken_back) {
  // Of two switches the wrong one is tried first; calls that come later need the other.
  ProfileSearch search = search_with([](const KernelProfile& profile, const Sequence& calls) {
    const bool either = !profile.knows_seals || !profile.knows_memory_merge;
    const bool same =
        calls[0].operation == Operation::munmap ? either : !profile.knows_memory_merge;
    return same ? std::nullopt : std::optional<std::size_t>(0);
  });
  EXPECT_EQ(search.learn(clue_of("munmap(+0, 1p)")), ProfileSearch::Learned::flips);
  EXPECT_FALSE(search.profile().knows_seals);
  EXPECT_EQ(search.learn(clue_of("mlock(+0, 1p)")), ProfileSearch::Learned::flips);
  EXPECT_EQ(differences(search.conclude()), std::set<std::string>{"knows_memory_merge no"});
}

TEST(ProfileSearch, what_no_switch_explains_is_told_and_changes_nothing) {
  ProfileSearch search = search_with([](const KernelProfile&, const Sequence& calls) {
    std::optional<std::size_t> at;
    for (std::size_t i = 0; i < calls.size(); ++i) {
      if (calls[i].operation == Operation::mlock) at = i;
    }
    return at;
  });
  Clue clue = clue_of("mlock(+0, 1p)");
  clue.calls.insert(clue.calls.begin(), *parse_call("munmap(+0, 1p)"));
  EXPECT_EQ(search.learn(clue), ProfileSearch::Learned::unexplained);
  EXPECT_EQ(search.learn(clue_of("munmap(+0, 1p)")), ProfileSearch::Learned::nothing);
  EXPECT_EQ(search.profile(), linux_6_18);
  const std::vector<Verdict> verdicts = search.conclude();
  ASSERT_EQ(search.unexplained().size(), 1u);
  const std::string text = report("linux_6_18", verdicts, search.unexplained());
  EXPECT_NE(text.find("UNEXPLAINED, calls mlock(+0, 1p):\n    mlock(+0, 1p)\n"), std::string::npos)
      << text;
  EXPECT_NE(summary("linux_6_18", verdicts, 1).find("mismatches unexplained: 1;"),
            std::string::npos);
}

TEST(ProfileSearch, what_was_unexplained_is_looked_at_again) {
  // Three switches at once are too many; two of them are found by other calls.
  ProfileSearch search = search_with([](const KernelProfile& profile, const Sequence& calls) {
    const bool same =
        calls[0].operation == Operation::munmap ? !profile.knows_seals
        : calls[0].operation == Operation::mlock
            ? !profile.knows_memory_merge
            : !profile.knows_seals && !profile.knows_memory_merge && !profile.knows_deny_write_exec;
    return same ? std::nullopt : std::optional<std::size_t>(0);
  });
  EXPECT_EQ(search.learn(clue_of("munlock(+0, 1p)")), ProfileSearch::Learned::unexplained);
  EXPECT_EQ(search.learn(clue_of("munmap(+0, 1p)")), ProfileSearch::Learned::flips);
  EXPECT_EQ(search.learn(clue_of("mlock(+0, 1p)")), ProfileSearch::Learned::flips);
  const std::vector<Verdict> verdicts = search.conclude();
  EXPECT_EQ(search.unexplained().size(), 0u);
  EXPECT_EQ(differences(verdicts),
            (std::set<std::string>{"knows_deny_write_exec no", "knows_memory_merge no",
                                   "knows_seals no"}));
}

TEST(ProfileSearch, report_names_what_differs_with_the_calls_that_showed_it) {
  const ModelPair kernel(small_shape, Flip{find_switch("knows_seals"), 0}.applied_to(linux_6_18));
  ProfileSearch search = search_from(linux_6_18, kernel);
  search.learn_directed();
  std::vector<Verdict> verdicts = search.conclude();
  search.explain_unseen(verdicts);
  const std::string text = report("linux_6_18", verdicts, search.unexplained());
  EXPECT_TRUE(
      text.starts_with("Differs from linux_6_18:\n"
                       "  knows_seals: no, shown by calls directed at knows_seals\n"
                       "    mmap(+0, 1p, rw, private|fixed|anonymous)\n"
                       "    mseal(+0, 1p)\n"
                       "As in linux_6_18, for with another value calls differ:\n"))
      << text;
  EXPECT_NE(text.find("\n  seals_only_64_bit_spaces: no or yes: takes a 32-bit program\n"),
            std::string::npos)
      << text;
  EXPECT_EQ(summary("linux_6_18", verdicts, 0),
            fmt::format("1 of {} switches differ from linux_6_18, {} are as there, 6 not seen; "
                        "mismatches unexplained: 0; no named profile has all that was seen",
                        verdicts.size(), verdicts.size() - 7));
}

TEST(ProfileSearch, report_leaves_the_middle_of_many_calls_out) {
  Clue clue = clue_of("munmap(+0, 1p)");
  clue.calls.resize(50, clue.calls[0]);
  clue.calls[4] = clue.calls[37] = *parse_call("mlock(+0, 1p)");
  clue.calls[3] = clue.calls[38] = *parse_call("munlock(+0, 1p)");
  const std::string text = report("linux_6_18", {}, {clue});
  EXPECT_EQ(text.find(" mlock"), std::string::npos) << text;
  EXPECT_NE(text.find("    munlock(+0, 1p)\n    ... 34 more\n    munlock(+0, 1p)\n"),
            std::string::npos)
      << text;
}

// ----- Options.

/// The exit code of options that are refused; nothing if they are taken.
std::optional<int> refused(std::vector<std::string> words) {
  words.insert(words.begin(), "random_calls");
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  int exit_code = 0;
  testing::internal::CaptureStderr();
  const bool taken =
      parse_options(static_cast<int>(pointers.size()), pointers.data(), exit_code).has_value();
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(said.empty(), taken) << said;
  return taken ? std::nullopt : std::optional<int>(exit_code);
}

TEST(WhichProfileOptions, what_runs_something_else_is_refused_with_a_sentence) {
  const std::string file = __FILE__;
  EXPECT_EQ(refused({"--which-profile"}), std::nullopt);
  EXPECT_EQ(refused({"--which-profile", "--profile", "linux_6_1"}), std::nullopt);
  EXPECT_EQ(refused({"--which-profile", "--replay", file}), 2);
  EXPECT_EQ(refused({"--which-profile", "--deviations", file}), 2);
  EXPECT_EQ(refused({"--which-profile", "--sequence", "3"}), 2);
  EXPECT_EQ(refused({"--which-profile", "--profile", "linux_5_0"}), 2);
}

}  // namespace
}  // namespace vmarea::live
