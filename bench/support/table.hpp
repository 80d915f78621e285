// SPDX-License-Identifier: MIT
//
// The tables in markdown: what was measured, beside what was aimed at, with what, and how noisy it
// was. A cell has the minimum of the rounds and the median, for each layout that was asked:
//
//   0.28, 0.31 / 0.30, noisy (0.30)       holes / touching (goal, for the minimum with holes)
//
// `noisy` stands for a number that was measured beside a fixed loop that was too slow.
#pragma once

#include <ostream>

namespace vmarea::bench {

/// Whether it could be written.
bool write_table(std::ostream& out);

}  // namespace vmarea::bench
