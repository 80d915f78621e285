// SPDX-License-Identifier: MIT
//
// Joins in words: what keeps two apart, what was decided about a range, what a planned call joins.
//
//   JoinAnswer   flags differ: wr ac
//   Joins        prev: joins; next: flags differ: wr ac
//   JoinReport   7ffff7ff3000 next: flags differ: wr ac
//                  middle 7ffff7fef000-7ffff7ff3000 r--p 7ffff7fef anonymous
//                  next   7ffff7ff3000-7ffff7ff7000 rw-p 7ffff7ff3 anonymous ac
//                             of an edge that something touches
#pragma once

#include "vmarea/plan/join_report.hpp"
#include "vmarea/rules/explain.hpp"
#include "vmarea/text/area.hpp"

namespace vmarea {

constexpr const char* name(Side side) noexcept {
  return side == Side::prev ? "prev" : "next";
}
constexpr void write_text(TextWriter& to, Side side) noexcept {
  to.add(name(side));
}

constexpr void write_text(TextWriter& to, JoinVerdict verdict) noexcept {
  to.add(describe(verdict));
}

constexpr void write_text(TextWriter& to, const JoinAnswer& answer) noexcept {
  to.add(describe(answer.verdict));
  if (!answer.flags.empty()) write_text(to.add(": "), answer.flags);
}

/// Of a call that is planned: there, what may join does.
constexpr void write_decision(TextWriter& to, const JoinAnswer& answer) noexcept {
  if (answer.joined()) {
    to.add("joins");
  } else {
    write_text(to, answer);
  }
}

constexpr void write_text(TextWriter& to, const Joins& joins) noexcept {
  write_decision(to.add("prev: "), joins.prev);
  write_decision(to.add("; next: "), joins.next);
}

/// One line, and two more where there is a neighbour; without a newline at the end.
template <class Host>
constexpr void write_text(TextWriter& to, const JoinReport<Host>& report) noexcept {
  to.add_hex(report.at).add(' ').add(name(report.side)).add(": ");
  write_decision(to, report.answer);
  if (!report.has_neighbour()) return;
  write_text(to.add("\n  middle "), report.middle);
  write_text(to.add("\n  ").add(name(report.side)).add("   "), report.neighbour);
}

}  // namespace vmarea
