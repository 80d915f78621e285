// SPDX-License-Identifier: MIT
//
// A call between its beats, before it is committed: its answer and a line a step. And why it joins
// what it joins, a report an edge.
//
//   success
//   edit 7000-b000 protected: 7000-9000 rw-p kept; 9000-b000 r--p copied; access 9000-b000
#pragma once

#include "vmarea/change/change.hpp"
#include "vmarea/text/call_names.hpp"
#include "vmarea/text/join.hpp"
#include "vmarea/text/result.hpp"
#include "vmarea/text/step.hpp"

namespace vmarea {

/// Requires: not committed yet. Without a newline at the end.
template <class Host, class Plan>
void write_text(TextWriter& to, const Change<Host, Plan>& change) noexcept {
  write_text(to, change.status());
  change.for_each_step([&to](const Step<Host>& step) { write_text(to.add('\n'), step); });
  if (change.sequel().kind != Sequel::Kind::nothing) {
    write_text(to.add("\nthen "), change.sequel());
  }
}

/// What for_each_join() reports. Requires: not committed yet. Without a newline at the end.
template <class Host, class Plan>
void write_joins(TextWriter& to, const Change<Host, Plan>& change) noexcept {
  Words reports(to, "\n");
  change.for_each_join(
      [&reports](const JoinReport<Host>& report) { write_text(reports.next(), report); });
}

}  // namespace vmarea
