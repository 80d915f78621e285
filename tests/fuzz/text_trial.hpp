// SPDX-License-Identifier: MIT
//
// What reads text is given any bytes, and must answer an error with its place, or take the text for
// what it is: written again, it reads as the same.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace vmarea::test::fuzz {

enum class Reader : unsigned char { proc, stat, random_calls, fuzz_calls, count };

/// What is wrong with what this reader makes of `text`; empty: nothing. `taken`: whether it was
/// understood.
std::string try_text(Reader reader, std::string_view text, bool& taken);

/// A text that the reader takes, which grows with `size`.
std::string good_text(Reader reader, unsigned size);

}  // namespace vmarea::test::fuzz
