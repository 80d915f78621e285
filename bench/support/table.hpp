// SPDX-License-Identifier: MIT
//
// The table of ratios in markdown: what was measured, beside what was aimed at.
#pragma once

#include <string>

namespace vmarea::bench {

/// Whether it could be written.
bool write_table(const std::string& file);

}  // namespace vmarea::bench
