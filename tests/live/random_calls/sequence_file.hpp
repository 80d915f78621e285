// SPDX-License-Identifier: MIT
//
// A sequence in a file: the shape of the arena, then a call a line; what follows # is for people.
//
//   shape pages=48 crowd=0 small_nodes=0
//   mmap(+0, 3p, rw, private|fixed|anonymous)    # any remark
#pragma once

#include <string>
#include <string_view>

#include "live/random_calls/call.hpp"

namespace vmarea::live {

/// False if the file cannot be written.
bool write_sequence(const std::string& path, const Shape& shape, const Sequence& sequence,
                    const std::string& remark);

/// What is wrong with the file, and where; empty if it was read. A file without a shape leaves
/// `shape` as it is.
std::string read_sequence(const std::string& path, Shape& shape, Sequence& sequence);

/// The call of a line of such a file, without its remark; empty for a line without a call.
std::string_view without_remark(std::string_view line);

}  // namespace vmarea::live
