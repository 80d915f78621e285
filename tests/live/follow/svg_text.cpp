// SPDX-License-Identifier: MIT
#include "svg_text.hpp"

#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/mman.h>
#include <sys/syscall.h>

namespace follow {
namespace {

/// The library that writes our JSON knows what UTF-8 is.
std::string valid_utf8(std::string_view bytes) {
  using nlohmann::json;
  const std::string quoted = json(bytes).dump(-1, ' ', false, json::error_handler_t::replace);
  return json::parse(quoted).get<std::string>();
}

std::string print_protection(std::uint64_t bits) {
  std::string letters = "---";
  if ((bits & PROT_READ) != 0) letters[0] = 'r';
  if ((bits & PROT_WRITE) != 0) letters[1] = 'w';
  if ((bits & PROT_EXEC) != 0) letters[2] = 'x';
  return letters;
}

std::string print_advice(std::uint64_t value) {
  constexpr std::string_view common = "MADV_";
  const std::string text = print_argument(Argument::advice, value);
  return text.starts_with(common) ? text.substr(common.size()) : text;
}

/// Which argument is a length in bytes; -1: none.
int find_length(int number) {
  switch (number) {
    case SYS_mmap:
    case SYS_munmap:
    case SYS_mprotect:
    case SYS_pkey_mprotect:
    case SYS_mremap:
    case SYS_madvise:
    case SYS_mlock:
    case SYS_mlock2:
    case SYS_munlock:
    case SYS_mbind:
    case number_mseal:
    case SYS_remap_file_pages:
      return 1;
    default:
      return -1;
  }
}

}  // namespace

std::string xml_text(std::string_view bytes) {
  std::string text;
  for (const char byte : valid_utf8(bytes)) {
    switch (byte) {
      case '&':
        text += "&amp;";
        break;
      case '<':
        text += "&lt;";
        break;
      case '>':
        text += "&gt;";
        break;
      case '"':
        text += "&quot;";
        break;
      default: {
        const auto code = static_cast<unsigned char>(byte);
        const bool is_control = (code < 0x20 && byte != '\n') || code == 0x7f;
        if (is_control) {
          text += "\xef\xbf\xbd";
        } else {
          text += byte;
        }
      }
    }
  }
  return text;
}

std::string print_size(std::uint64_t bytes) {
  constexpr auto units = std::to_array<std::string_view>({"B", "KiB", "MiB", "GiB", "TiB", "PiB"});
  double size = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (size >= 1024 && unit + 1 < units.size()) {
    size /= 1024;
    ++unit;
  }
  const bool is_whole = size == static_cast<double>(static_cast<std::uint64_t>(size));
  return is_whole || size >= 100 ? fmt::format("{:.0f} {}", size, units[unit])
                                 : fmt::format("{:.1f} {}", size, units[unit]);
}

std::string print_short(const Call& call) {
  std::string text(call.kind->name);
  if (const int length = find_length(call.kind->number); length >= 0) {
    text += ' ' + print_size(call.arguments[static_cast<std::size_t>(length)]);
  }
  if (call.kind->number == SYS_mremap) text += " to " + print_size(call.arguments[2]);
  for (std::size_t i = 0; i < call.arguments.size(); ++i) {
    const Argument kind = call.kind->arguments[i];
    if (kind == Argument::protection) text += ' ' + print_protection(call.arguments[i]);
    if (kind == Argument::advice) text += ' ' + print_advice(call.arguments[i]);
    const bool is_file = kind == Argument::map_flags && (call.arguments[i] & MAP_ANONYMOUS) == 0;
    if (is_file) text += " file";
  }
  return text;
}

std::string shorten(std::string text, std::size_t length) {
  if (text.size() <= length) return text;
  std::size_t end = length - 1;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  text.resize(end);  // No letter is cut into bytes.
  return text + "\u2026";
}

}  // namespace follow
