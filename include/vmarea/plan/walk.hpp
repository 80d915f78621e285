// SPDX-License-Identifier: MIT
//
// Walks a range and changes every area in it by a rule: mprotect, madvise, mlock, mseal (rules 5,
// 8, 29). A call over a thousand areas is a range, two cuts and a rule.
//
//   before     [AAAA)[BBBBBB)[CC)[DDDD)        range  ****************
//   per area:  cut at the range's edges, change by the rule, join left and right, never elsewhere
//   left       the neighbour on the left as a value: what it will be, and which object carries it
//   run        pieces that joined so far; it becomes one edit when the next area does not join
//
// The first walk asks hooks and limits and notes where it ended. Later ones, to show, reserve and
// commit, repeat it up to there and ask nothing again. The visitor may rewrite the tree behind the
// walk, which goes on by address.
#pragma once

#include "vmarea/plan/clear.hpp"
#include "vmarea/plan/identity.hpp"
#include "vmarea/plan/join_report.hpp"
#include "vmarea/plan/rule.hpp"
#include "vmarea/plan/step.hpp"
#include "vmarea/rules/merge.hpp"

namespace vmarea {

/// How the first walk ended, for those that repeat it.
struct WalkEnd {
  Address reached = 0;        // What lies above is not touched.
  bool lacks_memory = false;  // A rule could not make its attributes.
};

template <class Host, class Rule>
class RangeWalk {
 public:
  enum class Pass : unsigned char {
    first,
    again,
    again_in_place,  // Known to cut and join nothing.
  };

  using Cursor = typename SpaceState<Host>::Tree::Cursor;

  /// `edit` is where each edit is put together, `cursor` goes along, from the start of the range.
  /// Of an earlier walk, `range` ends where that ended.
  RangeWalk(const SpaceState<Host>& space, Range range, const Rule& rule, JoinPolicy joining,
            Cursor& cursor, Edit<Host>& edit, Pass pass) noexcept
      : space_(space),
        geometry_(space.services.geometry()),
        kept_(space.services.profile().kept_by_joins),
        range_(range),
        rule_(rule),
        progress_{space.totals, space.area_count, space.last_identity},
        joining_(rule.takes_whole_areas() ? JoinPolicy::never : joining),
        pass_(pass),
        position_(range.start),
        cursor_(cursor),
        edit_(edit) {}

  /// Calls visit(const Step&) for each step and says how the call ends.
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

  /// Requires: run() of the first walk was called.
  WalkEnd end() const noexcept {
    return {position_ < range_.end ? position_ : range_.end, lacks_memory_};
  }

 private:
  using Kind = typename Answer<Host>::Kind;

  template <class Visit>
  Result<void> step(Area<Host>& area, Visit&& visit) noexcept {
    const Range part{position_, area.end < range_.end ? area.end : range_.end};
    if (pass_ == Pass::first) {
      const Result<void> allowed = rule_.check(space_, area, part, progress_);
      if (!allowed) return allowed;
    }
    const Answer<Host> answer = rule_.change(space_, area, part);
    switch (answer.kind) {
      case Kind::lacks_memory:
        require<Host>(pass_ == Pass::first, "what was interned once can be had again");
        lacks_memory_ = true;
        return Rule::error_at_count_limit;
      case Kind::remove:
        if constexpr (Rule::removes_areas) remove(area, visit);
        return {};
      case Kind::skip:
        flush(visit);
        left_ = Neighbour<Host>::of(&area);
        go_to(part.end);
        break;
      case Kind::change:
        if (pass_ == Pass::again_in_place) {
          change_in_place(area, part, answer, visit);
        } else if (const Result<void> changed = change(area, part, answer, visit); !changed) {
          return changed;
        }
        break;
    }
    if constexpr (Rule::drops_pages) {
      flush(visit);
      if (answer.drops_pages) visit(Step<Host>::drop_pages(part));
    }
    return {};
  }

  /// All of the area goes, and what stands beside it stays.
  template <class Visit>
  [[gnu::noinline]] void remove(const Area<Host>& area, Visit&& visit) noexcept {
    flush(visit);
    left_ = {};
    position_ = area.end;
    edit_ = edit_of(plan_clear(space_, area.range()));
    visit(Step<Host>::of(edit_, &cursor_));
    cursor_ = space_.tree.seek(position_);
  }

  /// The part gets what the answer says, where it stands or cut off, and joins its neighbours.
  template <class Visit>
  Result<void> change(Area<Host>& area, Range part, const Answer<Host>& answer,
                      Visit&& visit) noexcept {
    Description<Host> after = rule_.takes_whole_areas() ? area : area.within(part, geometry_);
    const Range changed = after.range();
    after.flags = answer.flags;
    after.attributes = answer.attributes;
    Area<Host>* const next = changed.end == area.end ? step_above(area) : nullptr;
    const Joins joins = decide(area, after, next);
    if constexpr (JoinListener<Visit, Host>) {
      tell_joins(space_, area, after, open_ ? &run().after : left_.if_present(), next,
                 joining_ == JoinPolicy::never ? no_join_wanted : joins, visit);
    }
    if (pass_ == Pass::first) {
      const Result<void> cut = check_cuts(area, changed, joins, visit);
      if (!cut) return cut;
      progress_.totals += answer.totals;
    }
    const bool changes_access = does_change_access(area.flags, answer.flags);
    if (open_ && changes_access && !edit_.access.empty() && edit_.access.end != changed.start) {
      flush(visit);  // Its range of access would have a hole.
    }
    if (joins.prev.joined()) {
      join_left(area, after);
    } else {
      flush(visit);
      start_run(area, after, joins.next.joined() ? next : nullptr);
    }
    edit_.totals += answer.totals;
    edit_.charge += answer.charge;
    if (changes_access) extend_access(changed);
    if (joins.next.joined()) swallow_next(*next);
    if (!joins.prev.joined() && !joins.next.joined()) add_rest_above(area, changed.end, nullptr);
    if (joins.prev.joined()) add_rest_above(area, changed.end, &area);
    if (answer.faults_in && !run().after.identity) fault_in();
    go_to(run().after.end);
    return {};
  }

  /// The same where the first walk found that it changes where it stands.
  template <class Visit>
  void change_in_place(Area<Host>& area, Range part, const Answer<Host>& answer,
                       Visit&& visit) noexcept {
    start_edit(area.range());
    Piece<Host>& piece = edit_.pieces.add(Piece<Host>::kept(area, area));
    piece.after.flags = answer.flags;
    piece.after.attributes = answer.attributes;
    edit_.totals = answer.totals;
    edit_.charge = answer.charge;
    if (does_change_access(area.flags, answer.flags)) edit_.access = area.range();
    open_ = true;
    run_ = 0;
    position_ = part.end;
    flush(visit);
    cursor_.next();
  }

  static constexpr bool does_change_access(Flags before, Flags after) noexcept {
    return after.difference(before).has_any(flag::protection | flag::userfault_protect);
  }
  void extend_access(Range changed) noexcept {
    if (edit_.access.empty()) edit_.access.start = changed.start;
    edit_.access.end = changed.end;
  }

  /// The neighbour that the first area may join, unless the range starts inside that area.
  Neighbour<Host> below_start() const noexcept {
    return Neighbour<Host>::of(cursor_.before().value);
  }

  /// The run so far is touched before the walk goes on, as locked memory is that becomes writable.
  void fault_in() noexcept {
    const Address start = run().after.start;
    Neighbour<Host> prev = Neighbour<Host>::of(find_object_starting_below(space_, start));
    if (left_.present() && left_.description().end == start) {
      prev = left_;
    }
    const bool has_rest = run_ + 1 < edit_.pieces.size();
    const Neighbour<Host> next = has_rest
                                     ? Neighbour<Host>::of(edit_.pieces[run_ + 1])
                                     : Neighbour<Host>::of(find_object(space_, run().after.end));
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
    const Description<Host>* prev = open_ ? &run().after : left_.if_present();
    JoinRequest<Host> request{.prev = at_start ? prev : nullptr,
                              .next = next,
                              .middle = whole ? Middle::whole_area : Middle::part_of_area};
    if (!at_start) request.wants_next = Rule::cut_start_joins_next(space_.services.profile());
    const bool alone = request.prev == nullptr && request.next == nullptr;
    if (alone || joining_ == JoinPolicy::never) return {};
    if constexpr (Host::has_data_rules) {
      request.data = {space_.services, DataRef<Host>::to(area.data)};
      if (request.prev != nullptr) {
        request.data.set_prev(open_ ? run().links()->data : left_.links()->data);
      }
      if (next != nullptr) request.data.set_next(next->data);
    }
    return decide_joins(after, request, geometry_, space_.services.profile());
  }

  /// A part that joins nothing is cut off: that needs room below the map count limit and the
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
        leave_cut(area, part.start, visit);
      }
      return above_it;
    }
    return {};
  }

  /// Requires: the walk is over, for a range that cuts an area at both ends holds no other.
  template <class Visit>
  [[gnu::noinline]] void leave_cut(Area<Host>& area, Address at, Visit&& visit) noexcept {
    edit_ = edit_of_cuts(space_, area, at);
    visit(Step<Host>::of(edit_, &cursor_));
  }

  Result<void> check_cut(const Area<Host>& area, Address at) noexcept {
    if (progress_.area_count >= space_.services.limits().area_count_max) {
      return Rule::error_at_count_limit;
    }
    ++progress_.area_count;
    return area.may_split(at);
  }

  void join_left(const Area<Host>& area, const Description<Host>& after) noexcept {
    if (!open_) {
      open(left_.description().range());
      add_run(left_.piece());
    }
    run().after.end = after.end;
    take_over(after, area);
    edit_.extent.end = area.end;
  }

  /// Begins a run with `after`, carried by `next` if it joins only that, else by its own area.
  void start_run(Area<Host>& area, const Description<Host>& after, Area<Host>* next) noexcept {
    open(area.range());
    if (after.start > area.start) {
      const Description<Host> rest = area.below(after.start);
      edit_.add(next == nullptr ? Piece<Host>::copy_of(area, rest) : Piece<Host>::kept(area, rest));
    }
    if (next == nullptr) return add_run(Piece<Host>::kept(area, after));
    add_run(Piece<Host>::kept(*next, *next));
    run().after.start = after.start;
    run().after.page_offset = after.page_offset;
    take_over(after, area);
  }

  /// What was changed last joined the run. Where joins keep none of the flags that keep no areas
  /// apart, it decides about them (rules 1.3-sticky).
  void take_over(const Description<Host>& changed, const Area<Host>& area) noexcept {
    absorb(run(), changed, &area, kept_);
    if (!kept_.empty() || !Rule::sets_flags(space_.services.profile())) return;
    run().after.flags = changed.flags;
  }

  void open(Range extent) noexcept {
    start_edit(extent);
    open_ = true;
  }
  /// Only what a walk ever sets is set anew.
  void start_edit(Range extent) noexcept {
    edit_.extent = extent;
    edit_.pieces.clear();
    edit_.totals = {};
    edit_.charge = 0;
    edit_.access = {};
    edit_.event = Event::protected_;
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

  void add_rest_above(Area<Host>& area, Address at, Area<Host>* object) noexcept {
    if (at >= area.end) return;
    const Description<Host> rest = area.above(at, geometry_);
    edit_.add(object != nullptr ? Piece<Host>::kept(*object, rest)
                                : Piece<Host>::copy_of(area, rest));
  }

  template <class Visit>
  void flush(Visit&& visit) noexcept {
    if (!open_) return;
    open_ = false;
    const bool goes_on = position_ < range_.end && pass_ != Pass::again_in_place;
    const bool must_seek = goes_on && !edit_.keeps_range();
    visit(Step<Host>::of(edit_, &cursor_));
    if (goes_on) {
      if (run().makes_identity && run().object->identity) {
        run().after.identity = run().object->identity;  // It was only numbered until now.
      }
      left_ = Neighbour<Host>::of(run());
    }
    if (must_seek) cursor_ = space_.tree.seek(position_);
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
  const Pass pass_;
  bool lacks_memory_ = false;
  bool open_ = false;
  unsigned run_ = 0;  // Which piece of the edit is the run; a rest below it, a rest above it.
  Address position_;
  Cursor& cursor_;
  Neighbour<Host> left_;
  Edit<Host>& edit_;  // The one that is being put together, if one is open.
};

}  // namespace vmarea
