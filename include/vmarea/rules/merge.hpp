// SPDX-License-Identifier: MIT
//
// Decides whether a range may join the areas beside it, and says why not. Pure and constexpr: it
// reads descriptions and touches nothing (rules 3).
//
//       prev      middle      next
//     [AAAAAA)[?????????)[BBBBBBBB)        each side: joined, or the first condition that fails
//
// What becomes of the answer (which object survives, which range it gets) is the edit's business.
#pragma once

#include "vmarea/host/profile.hpp"
#include "vmarea/rules/data_question.hpp"
#include "vmarea/types/area.hpp"

namespace vmarea {

/// The first condition that kept two ranges apart.
enum class JoinVerdict : unsigned char {
  joined,
  no_neighbour,        // Nothing touches this edge, or the edge lies inside an area.
  special,             // The range has a flag that forbids every merge.
  not_wanted,          // The call does not join on this side.
  attributes,          // Policy, userfault context or name differ.
  flags,               // Flags differ in more than the sticky ones.
  file,                // Not the same open file.
  identity,            // Two different anonymous identities.
  fork_child,          // One side's pages may belong to an ancestor, the other is untouched.
  faulted,             // This kernel lets no touched range join an untouched one.
  page_offset,         // Page offsets are not contiguous.
  data,                // The host keeps their own data apart.
  between_neighbours,  // Each could join alone, but their identities differ.
  close_hook,          // Would remove an area whose driver wants to be told.
};

/// One side's answer; `flags` are the ones that differ where the verdict says so.
struct JoinAnswer {
  JoinVerdict verdict = JoinVerdict::no_neighbour;
  Flags flags;

  constexpr bool joined() const noexcept { return verdict == JoinVerdict::joined; }
  friend constexpr bool operator==(const JoinAnswer&, const JoinAnswer&) = default;
};

struct Joins {
  JoinAnswer prev;
  JoinAnswer next;
  friend constexpr bool operator==(const Joins&, const Joins&) = default;
};

/// What the middle is.
enum class Middle : unsigned char {
  new_range,     // Not in the tree yet.
  extension,     // New, and belongs to prev: no test whether its source is a fork child.
  whole_area,    // An existing area: joining removes it.
  part_of_area,  // A part of one, up to its start or its end: joining trims it.
};

template <class Host>
struct JoinRequest {
  const Description<Host>* prev = nullptr;  // Null: nothing adjacent.
  const Description<Host>* next = nullptr;
  Middle middle = Middle::new_range;
  bool wants_next = true;
  bool next_first = false;  // Prev is judged by the identity that comes of joining next.
  [[no_unique_address]] DataQuestion<Host> data{};
};

/// May an area with identity `ours` and one with identity `theirs` become one? (3.2)
constexpr JoinVerdict judge_identities(AnonIdentity ours, AnonIdentity theirs, Middle middle,
                                       FaultedMerge rule) noexcept {
  if (ours == theirs) return JoinVerdict::joined;
  if (ours && theirs) return JoinVerdict::identity;
  if (theirs) return theirs.fork_child() ? JoinVerdict::fork_child : JoinVerdict::joined;
  if (rule == FaultedMerge::never) return JoinVerdict::faulted;
  if (ours.fork_child() && middle != Middle::extension) return JoinVerdict::fork_child;
  return JoinVerdict::joined;
}

/// All conditions but those that involve both sides; `low` and `high` are the two in address order.
template <class Host>
constexpr JoinAnswer judge_side(const Description<Host>& middle, const Description<Host>& neighbour,
                                const Description<Host>& low, const Description<Host>& high,
                                Middle kind, const Geometry& geometry,
                                const KernelProfile& profile) noexcept {
  if (low.end != high.start) return {JoinVerdict::no_neighbour, {}};
  if (middle.attributes != neighbour.attributes) return {JoinVerdict::attributes, {}};
  const Flags differing =
      middle.flags.difference(neighbour.flags).without(profile.ignored_by_joins);
  if (!differing.empty()) return {JoinVerdict::flags, differing};
  if (!(middle.file == neighbour.file)) return {JoinVerdict::file, {}};
  const JoinVerdict identities =
      judge_identities(middle.identity, neighbour.identity, kind, profile.faulted_into_untouched);
  if (identities != JoinVerdict::joined) return {identities, {}};
  if (low.page_offset + geometry.pages(low.length()) != high.page_offset) {
    return {JoinVerdict::page_offset, {}};
  }
  return {JoinVerdict::joined, {}};
}

/// Which neighbours `middle`, as it will be, joins.
template <class Host>
constexpr Joins decide_joins(const Description<Host>& middle, const JoinRequest<Host>& request,
                             const Geometry& geometry, const KernelProfile& profile) noexcept {
  if (middle.flags.has_any(flag::special)) {
    const JoinAnswer refused{JoinVerdict::special, middle.flags & flag::special};
    return {refused, refused};
  }
  Joins joins;
  if (request.prev != nullptr) {
    joins.prev =
        judge_side(middle, *request.prev, *request.prev, middle, request.middle, geometry, profile);
  }
  if (!request.wants_next) {
    joins.next = {JoinVerdict::not_wanted, {}};
  } else if (request.next != nullptr) {
    joins.next =
        judge_side(middle, *request.next, middle, *request.next, request.middle, geometry, profile);
  }
  if constexpr (Host::has_data_rules) {
    constexpr JoinAnswer apart{JoinVerdict::data, {}};
    if (joins.prev.joined() && !request.data.joins_prev()) joins.prev = apart;
    if (joins.next.joined() && !request.data.joins_next()) joins.next = apart;
  }
  if (!profile.closing_areas_join) {
    constexpr JoinAnswer apart{JoinVerdict::close_hook, {}};
    // An area that is made longer joins no other one.
    const bool is_other = request.middle != Middle::extension;
    if (joins.prev.joined() && is_other && request.prev->has_close()) joins.prev = apart;
    if (joins.next.joined() && request.next->has_close()) joins.next = apart;
  }
  if (request.middle == Middle::whole_area && middle.has_close()) {
    if (joins.prev.joined()) joins.prev = {JoinVerdict::close_hook, {}};
    if (joins.next.joined()) joins.next = {JoinVerdict::close_hook, {}};
  }
  if (joins.prev.joined() && joins.next.joined()) {
    const AnonIdentity a = request.prev->identity;
    const AnonIdentity b = request.next->identity;
    if (request.next_first && b && a != b) {
      joins.prev = {JoinVerdict::between_neighbours, {}};
    } else if (a && b && a != b) {
      joins.next = {JoinVerdict::between_neighbours, {}};
    } else if (request.next->has_close()) {
      joins.next = {JoinVerdict::close_hook, {}};
    }
  }
  return joins;
}

}  // namespace vmarea
