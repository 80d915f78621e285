// SPDX-License-Identifier: MIT
//
// What a space should look like when a change was committed: its areas as values, on which the
// steps that the change shows are made.
#pragma once

#include <map>
#include <string>

#include <fmt/core.h>
#include <vmarea/vmarea.hpp>

namespace vmarea::test::fuzz {

template <class Host>
class Expected {
 public:
  explicit Expected(const SpaceState<Host>& space)
      : totals_(space.totals),
        charged_(space.charged),
        brk_(space.layout.brk),
        default_flags_(space.default_flags) {
    for (auto cursor = space.tree.seek(0); cursor.entry(); cursor.next()) {
      const Area<Host>& area = *cursor.entry().value;
      areas_[area.start] = {area, false};
    }
  }

  template <class Plan>
  void apply(const Change<Host, Plan>& change) {
    change.for_each_step([&](const Step<Host>& step) { apply(step); });
  }
  /// A joined identity is known by the area that it comes from, a new one by its being there.
  std::string compare(const SpaceState<Host>& space) const {
    const Expected actual(space);
    std::string wrong;
    auto there = actual.areas_.begin();
    for (auto here = areas_.begin(); here != areas_.end(); ++here) {
      const bool same = there != actual.areas_.end() && equal(here->second, there->second.area);
      if (!same) {
        wrong += fmt::format("planned: [{:x},{:x}) flags {:x}; ", here->second.area.start,
                             here->second.area.end, here->second.area.flags.bits());
        wrong += there == actual.areas_.end()
                     ? std::string("there is none\n")
                     : fmt::format("there is [{:x},{:x}) flags {:x}\n", there->second.area.start,
                                   there->second.area.end, there->second.area.flags.bits());
        return wrong;
      }
      ++there;
    }
    if (there != actual.areas_.end()) wrong += "there are areas that were not planned\n";
    if (!(totals_ == actual.totals_)) wrong += "the totals are not what was planned\n";
    if (charged_ != actual.charged_) wrong += "the charge is not what was planned\n";
    if (brk_ != actual.brk_) wrong += "the break is not what was planned\n";
    if (default_flags_ != actual.default_flags_) wrong += "other default flags were planned\n";
    return wrong;
  }
  friend bool operator==(const Expected& one, const Expected& other) {
    return one.areas_ == other.areas_ && one.totals_ == other.totals_ &&
           one.charged_ == other.charged_ && one.brk_ == other.brk_ &&
           one.default_flags_ == other.default_flags_;
  }

 private:
  struct Piece {
    Description<Host> area{};
    bool new_file = false;
    friend bool operator==(const Piece&, const Piece&) = default;
  };

  void apply(const Step<Host>& step) {
    switch (step.kind) {
      case StepKind::edit:
        return apply(*step.edit);
      case StepKind::set_brk:
        brk_ = step.value;
        return;
      case StepKind::set_default_flags:
        default_flags_ = Flags(step.value);
        return;
      default:
        return;
    }
  }
  void apply(const Edit<Host>& edit) {
    areas_.erase(areas_.lower_bound(edit.extent.start), areas_.lower_bound(edit.extent.end));
    unsigned index = 0;
    for (const vmarea::Piece<Host>& piece : edit.pieces) {
      const bool is_middle = edit.pieces.size() == 1 || index == 1 || piece.is_fresh();
      areas_[piece.after.start] = {piece.after, edit.new_shared_memory && is_middle};
      ++index;
    }
    totals_ += edit.totals;
    charged_ += static_cast<PageCount>(edit.charge);
  }
  static bool equal(const Piece& wanted, const Description<Host>& actual) {
    const Description<Host>& area = wanted.area;
    const bool same_file = wanted.new_file || area.file == actual.file;
    return area.start == actual.start && area.end == actual.end &&
           area.page_offset == actual.page_offset && area.flags == actual.flags &&
           area.hooks == actual.hooks && area.attributes == actual.attributes && same_file &&
           static_cast<bool>(area.identity) == static_cast<bool>(actual.identity);
  }

  std::map<Address, Piece> areas_;
  PageTotals totals_{};
  PageCount charged_ = 0;
  Address brk_ = 0;
  Flags default_flags_{};
};

}  // namespace vmarea::test::fuzz
