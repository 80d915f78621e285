// SPDX-License-Identifier: MIT
//
// What an edit says of itself, held against the naive space before and after it, page by page:
//
//   access     exactly the memory that stays and is read, written, run or watched differently
//   mapped     exactly the memory that is new and no other memory moved to
//   unmapped   all that goes
//   totals     what the counters of the areas change by
#pragma once

#include <string>

#include "model/replayed_steps/naive_space.hpp"

namespace vmarea::test::replayed_steps {

/// What the change is that an edit belongs to.
struct EditContext {
  Range moved_to{};          // Where the next step moves pages to.
  Range protected_later{};   // What gets other access by a step of its own, after that.
  bool covers_more = false;  // Between its two edits, a relocated area covers more than it has.
};

std::string check_edit(const NaiveSpace& before, const Edit<TestServices>& edit,
                       const NaiveSpace& after, const EditContext& context);

/// The lines of the recorder about pages that the steps should lead to, in their order.
std::vector<std::string> page_lines(const ShownSteps& steps);
/// The lines that were recorded of that kind.
std::vector<std::string> page_lines(const std::vector<std::string>& recorded);

}  // namespace vmarea::test::replayed_steps
