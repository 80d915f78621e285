// SPDX-License-Identifier: MIT
//
// Walks a range and changes every area in it by a rule: mprotect, madvise, mlock, mseal (behaviour
// specification 5, 8, 29). A call over a thousand areas is a range, two cuts and a rule.
//
//   before     [AAAA)[BBBBBB)[CC)[DDDD)        range  ****************
//   per area:  cut at the range's edges, change by the rule, join left and right, never elsewhere
//   left       the neighbour on the left as a value: what it will be, and who will carry it
//   run        pieces that joined so far; it becomes one edit when the next area does not join
//
// The same walk plans, previews, reserves and commits: only the visitor differs, so what is
// previewed is what happens; range_plan.hpp is where. The visitor may rewrite the tree behind the
// walk, which goes on by address.
#pragma once

#include "vmarea/plan/clear.hpp"
#include "vmarea/plan/edit.hpp"
#include "vmarea/plan/identity.hpp"

namespace vmarea {

/// What a rule says about one area.
template <class Host>
struct RuleAnswer {
  enum class Kind : unsigned char { skip, change, refuse };
  Kind kind = Kind::skip;
  Error error = Error::none;
  Flags flags{};
  const Attributes* attributes = nullptr;
  PageTotals totals{};      // Added to the counters.
  std::int64_t charge = 0;  // Pages of commit charge taken, or given back if negative.
  bool faults_in = false;   // The part is written to at once: it gets an identity.

  static constexpr RuleAnswer skip() noexcept { return {}; }
  static constexpr RuleAnswer refuse(Error why) noexcept {
    return {.kind = Kind::refuse, .error = why};
  }
  static constexpr RuleAnswer change(const Description<Host>& area, Flags flags) noexcept {
    return {.kind = Kind::change, .flags = flags, .attributes = area.attributes};
  }
};

/// What the walk has done so far to what rules and limits look at.
struct WalkProgress {
  PageTotals totals{};
  std::uint64_t area_count = 0;
  std::uint64_t last_identity = 0;
};

enum class HolePolicy : unsigned char {
  stop,   // The first hole ends the walk with no_memory; what was before it stays changed.
  go_on,  // All areas are changed, then the answer is no_memory.
  pass,   // Nobody minds.
};

enum class JoinPolicy : unsigned char { allowed, never };

/// One walk. Rule: `static constexpr HolePolicy holes`, `Error shortage` (what it answers at the
/// map count limit), and answer(space, area, part, progress) -> RuleAnswer, pure.
template <class Host, class Rule>
class RangeWalk {
 public:
  /// `edit` is where each edit is put together.
  RangeWalk(const SpaceState<Host>& space, Range range, const Rule& rule, const WalkProgress& base,
            JoinPolicy joining, Edit<Host>& edit) noexcept
      : space_(space),
        geometry_(space.services.geometry()),
        kept_(space.services.profile().kept_by_joins),
        range_(range),
        rule_(rule),
        progress_(base),
        joining_(joining),
        position_(range.start),
        cursor_(space.tree.seek(range.start)),
        edit_(edit) {}

  /// Calls visit(const Edit<Host>&) for each edit and says how the call ends.
  template <class Visit>
  Result<void> run(Visit&& visit) noexcept {
    const auto first = cursor_.entry();
    if (first && first.first >= range_.start) left_ = below_start();
    Result<void> status;
    bool hole = false;
    while (position_ < range_.end) {
      const auto entry = cursor_.entry();
      if (!entry || entry.first > position_) {
        hole = true;
        if (Rule::holes == HolePolicy::stop || !entry || entry.first >= range_.end) break;
        position_ = entry.first;
      }
      status = step(*entry.value, visit);
      if (!status) break;
    }
    flush(visit);
    if (status && hole && Rule::holes != HolePolicy::pass) return Error::no_memory;
    return status;
  }

  /// Whether the protection of pages follows from what differs.
  static constexpr bool changes_access(Flags before, Flags after) noexcept {
    return after.difference(before).has_any(flag::protection | flag::userfault_protect);
  }

 private:
  template <class Visit>
  Result<void> step(Area<Host>& area, Visit&& visit) noexcept {
    const Range part{position_, area.end < range_.end ? area.end : range_.end};
    const RuleAnswer<Host> answer = rule_.answer(space_, area, part, progress_);
    if (answer.kind == RuleAnswer<Host>::Kind::refuse) return answer.error;
    if (answer.kind == RuleAnswer<Host>::Kind::skip) {
      flush(visit);
      left_ = Neighbour<Host>::of(&area);
      go_to(part.end);
      return {};
    }
    Description<Host> after = area.within(part, geometry_);
    after.flags = answer.flags;
    after.attributes = answer.attributes;
    Area<Host>* const next = part.end == area.end ? step_above(area) : nullptr;
    const Joins joins = decide(area, after, next);
    const Result<void> cut = check_cuts(area, part, joins, visit);
    if (!cut) return cut;
    progress_.totals += answer.totals;
    if (joins.prev.joined()) {
      join_left(area, after);
    } else {
      flush(visit);
      start_run(area, after, joins.next.joined() ? next : nullptr);
    }
    edit_.totals += answer.totals;
    edit_.charge += answer.charge;
    edit_.changes_access |= changes_access(area.flags, answer.flags);
    if (joins.next.joined()) swallow_next(*next);
    if (!joins.prev.joined() && !joins.next.joined()) add_rest_above(area, part.end, nullptr);
    if (joins.prev.joined()) add_rest_above(area, part.end, &area);
    if (answer.faults_in && !run().after.identity) fault_in();
    go_to(run().after.end);
    return {};
  }

  /// The neighbour that the first area may join, unless the range starts inside that area.
  Neighbour<Host> below_start() const noexcept {
    auto cursor = cursor_;
    cursor.previous();
    return Neighbour<Host>::of(cursor.entry().value);
  }

  /// The run so far is touched before the walk goes on, as locked memory is that becomes writable.
  void fault_in() noexcept {
    const Address start = run().after.start;
    const auto side = [](const Piece<Host>& piece) {
      return Neighbour<Host>{piece.after, piece.object, piece.copied, true, false};
    };
    Neighbour<Host> prev = Neighbour<Host>::of(find_starting_below(space_, start));
    if (run_ > 0) {
      prev = side(edit_.pieces[run_ - 1]);
    } else if (left_.present && left_.description.end == start) {
      prev = left_;
    }
    const bool has_rest = run_ + 1 < edit_.pieces.size();
    const Neighbour<Host> next = has_rest ? side(edit_.pieces[run_ + 1])
                                          : Neighbour<Host>::of(find_area(space_, run().after.end));
    plan_identity(space_, run(), prev, next, AnonIdentity::of(progress_.last_identity + 2));
    if (run().makes_identity) progress_.last_identity += 2;
  }

  /// Moves on from `area`; the one above if it touches.
  Area<Host>* step_above(const Area<Host>& area) noexcept {
    cursor_.next();
    const auto entry = cursor_.entry();
    return entry && entry.first == area.end ? entry.value : nullptr;
  }

  Joins decide(const Area<Host>& area, const Description<Host>& after,
               const Area<Host>* next) const noexcept {
    const bool at_start = after.start == area.start;
    const bool whole = at_start && after.end == area.end;
    const Description<Host>* prev = open_ ? &run().after : left_.neighbour();
    const JoinRequest<Host> request{.prev = at_start ? prev : nullptr,
                                    .next = next,
                                    .middle = whole ? Middle::whole_area : Middle::part_of_area};
    const bool alone = request.prev == nullptr && request.next == nullptr;
    if (alone || joining_ == JoinPolicy::never) return {};
    return decide_joins(after, request, geometry_,
                        space_.services.profile().faulted_into_untouched);
  }

  /// A part that joins nobody is cut off: that needs room below the map count limit and the
  /// driver's consent at each edge. A second cut that is refused leaves the first.
  template <class Visit>
  Result<void> check_cuts(Area<Host>& area, Range part, const Joins& joins,
                          Visit&& visit) noexcept {
    if (joins.prev.joined() || joins.next.joined()) {
      if (joins.prev.joined() && part.end == area.end) --progress_.area_count;
      if (joins.next.joined() && part.start == area.start) --progress_.area_count;
      return {};
    }
    if (part.start > area.start) {
      const Result<void> below = check_cut(area, part.start);
      if (!below) return below;
    }
    if (part.end < area.end) {
      const Result<void> above_it = check_cut(area, part.end);
      if (!above_it && part.start > area.start) {
        flush(visit);
        visit(edit_of_cuts(space_, area, part.start));
      }
      return above_it;
    }
    return {};
  }

  Result<void> check_cut(const Area<Host>& area, Address at) noexcept {
    if (progress_.area_count >= space_.services.limits().area_count_max) return Rule::shortage;
    ++progress_.area_count;
    return ask_may_split<Host>(area, at);
  }

  void join_left(const Area<Host>& area, const Description<Host>& after) noexcept {
    if (!open_) {
      open(left_.description.range());
      add_run(left_.as_piece());
    }
    run().after.end = after.end;
    absorb(run(), after, &area, kept_);
    edit_.extent.end = area.end;
  }

  /// Begins a run with `after`, carried by `next` if it joins only that, else by its own area.
  void start_run(Area<Host>& area, const Description<Host>& after, Area<Host>* next) noexcept {
    open(area.range());
    if (after.start > area.start) {
      const bool copy = next == nullptr;
      edit_.add({area.below(after.start), copy ? nullptr : &area, copy ? &area : nullptr, nullptr});
    }
    if (next == nullptr) {
      add_run({after, &area, nullptr, nullptr});
      return;
    }
    add_run({*next, next, nullptr, nullptr});
    run().after.start = after.start;
    run().after.page_offset = after.page_offset;
    absorb(run(), after, &area, kept_);
  }

  void open(Range extent) noexcept {
    edit_.restart(extent, Event::protected_);
    open_ = true;
  }
  void add_run(const Piece<Host>& piece) noexcept {
    run_ = edit_.pieces.size();
    edit_.add(piece);
  }
  /// The pieces that joined so far.
  Piece<Host>& run() noexcept { return edit_.pieces[run_]; }
  const Piece<Host>& run() const noexcept { return edit_.pieces[run_]; }

  void swallow_next(const Area<Host>& next) noexcept {
    run().after.end = next.end;
    if (run().object != &next) absorb<Host>(run(), next, &next, kept_);
    edit_.extent.end = next.end;
  }

  void add_rest_above(const Area<Host>& area, Address at, Area<Host>* object) noexcept {
    if (at >= area.end) return;
    edit_.add({area.above(at, geometry_), object, object == nullptr ? &area : nullptr, nullptr});
  }

  template <class Visit>
  void flush(Visit&& visit) noexcept {
    if (!open_) return;
    open_ = false;
    if (position_ >= range_.end) {
      visit(static_cast<const Edit<Host>&>(edit_));
      return;
    }
    left_ = {run().after, run().object, run().copied, true, false};
    const bool rewritten = !edit_.keeps_range();
    visit(static_cast<const Edit<Host>&>(edit_));
    if (rewritten) cursor_ = space_.tree.seek(position_);
  }

  void go_to(Address position) noexcept {
    position_ = position;
    if (position >= range_.end) return;
    while (cursor_.entry() && cursor_.entry().last < position) cursor_.next();
  }

  const SpaceState<Host>& space_;
  const Geometry geometry_;
  const Flags kept_;  // By joins.
  const Range range_;
  const Rule& rule_;
  WalkProgress progress_;
  const JoinPolicy joining_;
  Address position_;
  typename SpaceState<Host>::Tree::Cursor cursor_;
  Neighbour<Host> left_;
  Edit<Host>& edit_;  // The edit that is being put together, if one is open.
  unsigned run_ = 0;  // Which of its pieces is the run; a rest below it, a rest above it.
  bool open_ = false;
};

}  // namespace vmarea
