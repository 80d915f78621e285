// SPDX-License-Identifier: MIT
//
// Words of pictures: text that XML allows, and sizes and calls as short as a label needs them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "call.hpp"

namespace follow {

/// Bytes of any kind as XML text: no markup, no control characters, and U+FFFD for what is no
/// UTF-8.
std::string xml_text(std::string_view bytes);

/// "4 KiB", "1.5 GiB".
std::string print_size(std::uint64_t bytes);

/// "mprotect 16 KiB r--".
std::string print_short(const Call& call);

/// Fewer bytes than that and an ellipsis, where there are more.
std::string shorten(std::string text, std::size_t length);

}  // namespace follow
