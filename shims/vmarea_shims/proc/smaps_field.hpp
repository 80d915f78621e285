// SPDX-License-Identifier: MIT
//
// The fields below a line in /proc/PID/smaps, as far as they tell something of the area and not of
// its pages alone; and the flags, to read and to write byte for byte.
//
//   Anonymous:            12 kB           pages of its own: it has been touched
//   Swap:                  0 kB
//   ProtectionKey:         0              only where the machine has keys
//   VmFlags: rd wr mr mw me ac
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <vmarea/rules/explain.hpp>
#include <vmarea/types/flags.hpp>
#include <vmarea_shims/proc/line_reader.hpp>

namespace vmarea::shims {

/// What the fields of one area said so far.
struct SmapsFields {
  std::uint64_t own_kilobytes = 0;  // Anonymous memory, present or swapped out.
  bool has_key = false;             // A protection key other than the one that all areas have.
  bool has_flags = false;
  bool has_unknown_flags = false;  // Flags that this library has no name for.
  Flags flags{};
};

/// Whether smaps shows a flag: there is none for the protection key that keeps memory from being
/// read.
constexpr bool is_shown_flag(unsigned bit) noexcept {
  return flag_name(bit)[0] != '?';
}

/// "rd wr mr mw me ac", in the order of the bits.
inline std::string flag_letters(Flags flags) {
  std::string text;
  for (unsigned bit = 0; bit < 64; ++bit) {
    if (!flags.has_any(flag::bit(bit)) || !is_shown_flag(bit)) continue;
    if (!text.empty()) text += ' ';
    text += flag_name(bit);
  }
  return text;
}

/// The whole line of smaps: "VmFlags: rd wr mr mw me ac \n".
inline std::string smaps_flags(Flags flags) {
  const std::string letters = flag_letters(flags);
  return "VmFlags: " + letters + (letters.empty() ? "\n" : " \n");
}

/// Reads the codes up to the end of the line: two characters each, with spaces between.
constexpr bool take_flag_letters(LineReader& reader, SmapsFields& fields) noexcept {
  fields.flags = {};
  fields.has_flags = true;
  while (reader.skip(' '), !reader.at_end()) {
    const std::string_view rest = reader.rest();
    const bool two = rest.size() >= 2 && rest[1] != ' ' && (rest.size() == 2 || rest[2] == ' ');
    if (!two) return reader.fail("flags of two letters each");
    const Flags flag = flag_named(rest[0], rest[1]);
    if (flag.empty()) fields.has_unknown_flags = true;
    fields.flags |= flag;
    reader.go_to(reader.at() + 2);
  }
  return true;
}

/// Reads a field, or passes one that says nothing here.
inline bool take_smaps_field(LineReader& reader, SmapsFields& fields) noexcept {
  const std::size_t colon = reader.rest().find(':');
  const std::string_view name = reader.rest().substr(0, colon);
  reader.go_to(colon + 1);
  if (name == "VmFlags") return take_flag_letters(reader, fields);
  const bool counts = name == "Anonymous" || name == "Swap";
  const bool is_key = name == "ProtectionKey";
  if (!counts && !is_key) return true;
  reader.skip(' ');
  std::uint64_t value = 0;
  if (!reader.take_number(value, 10, "a number in decimal digits")) return false;
  if (is_key) {
    fields.has_key = value != 0;
    return true;
  }
  fields.own_kilobytes += value;
  if (reader.rest() != " kB") return reader.fail("\" kB\" behind the number");
  return true;
}

/// The flags of an area: with the one that smaps does not show, but a key and its letters tell.
constexpr Flags flags_of(const SmapsFields& fields) noexcept {
  const bool hidden = fields.has_key && (fields.flags & flag::access) == flag::exec;
  return fields.flags.with_if(hidden, flag::execute_only);
}

}  // namespace vmarea::shims
