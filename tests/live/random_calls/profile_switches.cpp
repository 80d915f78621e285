// SPDX-License-Identifier: MIT
#include "live/random_calls/profile_switches.hpp"

#include <array>
#include <utility>

#include <fmt/format.h>

namespace vmarea::live {
namespace {

using Profile = KernelProfile;

/// The values of a switch and their names, in the same order.
template <class Value, std::size_t size>
struct Choices {
  std::array<Value, size> values;
  std::array<std::string_view, size> names;
};

constexpr Choices<bool, 2> yes_or_no{{false, true}, {"no", "yes"}};
constexpr Choices<Flags, 2> sticky_or_none{{Flags{}, flag::sticky}, {"none", "sticky_flags"}};
constexpr Choices<FaultedMerge, 2> faulted_merges{
    {FaultedMerge::never, FaultedMerge::unless_fork_child}, {"never", "unless_fork_child"}};
constexpr Choices<DriverTurn, 2> driver_turns{
    {DriverTurn::before_joining, DriverTurn::after_joining}, {"before_joining", "after_joining"}};
constexpr Choices<SamePageMark, 2> same_page_marks{
    {SamePageMark::before_joining, SamePageMark::after_mapping},
    {"before_joining", "after_mapping"}};
constexpr Choices<RemapChecks, 2> remap_checks{
    {RemapChecks::before_clearing, RemapChecks::after_clearing},
    {"before_clearing", "after_clearing"}};
constexpr Choices<RemapCount, 3> remap_counts{
    {RemapCount::given_places, RemapCount::every_call, RemapCount::every_call_and_source},
    {"given_places", "every_call", "every_call_and_source"}};
constexpr Choices<KeptLocks, 2> kept_locks{{KeptLocks::dropped_by_area, KeptLocks::cut_out},
                                           {"dropped_by_area", "cut_out"}};
constexpr Choices<OwnAdvice, 3> own_advice{{OwnAdvice::lossless, OwnAdvice::any, OwnAdvice::known},
                                           {"lossless", "any", "known"}};
constexpr Choices<DroppableMemory, 3> droppable_memory{
    {DroppableMemory::granted, DroppableMemory::refused, DroppableMemory::unknown},
    {"granted", "refused", "unknown"}};

template <auto member, const auto& choices>
constexpr ProfileSwitch switch_of(std::string_view name) {
  return {name, choices.names,
          [](const Profile& profile) {
            unsigned value = 0;
            while (value < choices.values.size() && choices.values[value] != profile.*member) {
              ++value;
            }
            return value;
          },
          [](Profile& profile, unsigned value) { profile.*member = choices.values[value]; }};
}

template <auto member>
constexpr ProfileSwitch switch_of(std::string_view name) {
  return switch_of<member, yes_or_no>(name);
}

constexpr std::array all_switches = {
    switch_of<&Profile::faulted_into_untouched, faulted_merges>("faulted_into_untouched"),
    switch_of<&Profile::kept_by_joins, sticky_or_none>("kept_by_joins"),
    switch_of<&Profile::ignored_by_joins, sticky_or_none>("ignored_by_joins"),
    switch_of<&Profile::same_page_mark, same_page_marks>("same_page_mark"),
    switch_of<&Profile::earliest_driver_turn, driver_turns>("earliest_driver_turn"),
    switch_of<&Profile::mmap_asks_next_first>("mmap_asks_next_first"),
    switch_of<&Profile::closing_areas_join>("closing_areas_join"),
    switch_of<&Profile::driver_flags_join_again>("driver_flags_join_again"),
    switch_of<&Profile::remap_checks, remap_checks>("remap_checks"),
    switch_of<&Profile::remap_moves_several_areas>("remap_moves_several_areas"),
    switch_of<&Profile::remap_count, remap_counts>("remap_count"),
    switch_of<&Profile::kept_locks, kept_locks>("kept_locks"),
    switch_of<&Profile::kept_source_joins_copy>("kept_source_joins_copy"),
    switch_of<&Profile::kept_source_restarts_at_address>("kept_source_restarts_at_address"),
    switch_of<&Profile::copy_beside_kept_source_joins_nothing>(
        "copy_beside_kept_source_joins_nothing"),
    switch_of<&Profile::uncharges_untouched_memory>("uncharges_untouched_memory"),
    switch_of<&Profile::unregister_checks_context>("unregister_checks_context"),
    switch_of<&Profile::watches_droppable_memory>("watches_droppable_memory"),
    switch_of<&Profile::watched_rear_joins_next>("watched_rear_joins_next"),
    switch_of<&Profile::watching_decides_soft_dirty>("watching_decides_soft_dirty"),
    switch_of<&Profile::populating_goes_on_behind_holes>("populating_goes_on_behind_holes"),
    switch_of<&Profile::do_fork_refuses_special>("do_fork_refuses_special"),
    switch_of<&Profile::knows_guard_advice>("knows_guard_advice"),
    switch_of<&Profile::marks_guarded_areas>("marks_guarded_areas"),
    switch_of<&Profile::own_advice, own_advice>("own_advice"),
    switch_of<&Profile::knows_seals>("knows_seals"),
    switch_of<&Profile::seals_only_64_bit_spaces>("seals_only_64_bit_spaces"),
    switch_of<&Profile::knows_memory_merge>("knows_memory_merge"),
    switch_of<&Profile::knows_deny_write_exec>("knows_deny_write_exec"),
    switch_of<&Profile::droppable_memory, droppable_memory>("droppable_memory"),
    switch_of<&Profile::limits_come_before_clearing>("limits_come_before_clearing"),
    switch_of<&Profile::refused_cut_is_no_memory>("refused_cut_is_no_memory"),
    switch_of<&Profile::knows_above_4g>("knows_above_4g"),
    switch_of<&Profile::stack_mappings_refuse_huge_pages>("stack_mappings_refuse_huge_pages"),
    switch_of<&Profile::places_for_huge_pages>("places_for_huge_pages"),
    switch_of<&Profile::huge_pages_have_own_chooser>("huge_pages_have_own_chooser"),
};

/// Becomes whatever a field is.
struct AnyField {
  template <class T>
  operator T() const;  // NOLINT(google-explicit-constructor)
};

template <std::size_t... places>
constexpr bool has_fields(std::index_sequence<places...>) {
  return requires {
    Profile{(static_cast<void>(places), AnyField{})...};
  };
}

/// partial_effects, reads_share_zero_page and has_protection_keys are no kernel's choice.
constexpr std::size_t fields = all_switches.size() + 3;
static_assert(has_fields(std::make_index_sequence<fields>()) &&
                  !has_fields(std::make_index_sequence<fields + 1>()),
              "each field of KernelProfile is a switch of this list, or of no kernel");

}  // namespace

std::span<const ProfileSwitch> profile_switches() {
  return all_switches;
}

const ProfileSwitch* find_switch(std::string_view name) {
  for (const ProfileSwitch& one : all_switches) {
    if (one.name == name) return &one;
  }
  return nullptr;
}

std::vector<Flip> flips_of(const KernelProfile& profile) {
  std::vector<Flip> flips;
  for (const ProfileSwitch& one : all_switches) {
    for (unsigned value = 0; value < one.values.size(); ++value) {
      if (value != one.value_of(profile)) flips.push_back({&one, value});
    }
  }
  return flips;
}

std::string text_of(std::span<const Flip> flips) {
  std::string text;
  for (const Flip& flip : flips) {
    text += fmt::format("{}{} {}", text.empty() ? "" : " and ", flip.of->name,
                        flip.of->values[flip.value]);
  }
  return text;
}

}  // namespace vmarea::live
