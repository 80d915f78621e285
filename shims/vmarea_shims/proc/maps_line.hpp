// SPDX-License-Identifier: MIT
//
// One line of /proc/PID/maps, to read and to write byte for byte (rules 33).
//
//   562ce3e4f000-562ce3e70000 rw-p 00000000 00:00 0                          [heap]
//   range                     letters offset  device inode                   path from column 73
//
// A line without path ends with one space; a path behind a line that is too long follows after two.
// In a path a newline is written \012, and nothing else is changed. Reading allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <vmarea/types/flags.hpp>
#include <vmarea/types/range.hpp>
#include <vmarea_shims/proc/line_reader.hpp>

namespace vmarea::shims {

struct DeviceNumber {
  unsigned major = 0;
  unsigned minor = 0;
  friend constexpr bool operator==(const DeviceNumber&, const DeviceNumber&) = default;
};

/// What a line says. `letters` has read, write, exec, and shared where the fourth is an s, which
/// tells may_share: the kernel shows it for shared mappings of read-only files, too.
struct MapsLine {
  Range range{};
  Flags letters{};
  std::uint64_t offset_bytes = 0;
  DeviceNumber device{};
  std::uint64_t inode = 0;
  std::string_view path{};  // As it stands in the text.
};

/// The four letters that maps shows of an area's flags.
constexpr Flags shown_letters(Flags flags) noexcept {
  return (flags & flag::access).with_if(flags.has_any(flag::may_share), flag::shared);
}

/// Reads range, letters and offset. Ensures: where it fails, the reader says what it expected.
inline bool take_maps_head(LineReader& reader, MapsLine& line) noexcept {
  bool read = false;
  bool write = false;
  bool exec = false;
  bool shared = false;
  const bool good =
      reader.take_number(line.range.start, 16, "the start of a range in hexadecimal digits") &&
      reader.take('-', "'-' between the start and the end of a range") &&
      reader.take_number(line.range.end, 16, "the end of a range in hexadecimal digits") &&
      reader.take(' ', "a space behind the range") &&
      reader.take_either('r', '-', read, "'r' or '-'") &&
      reader.take_either('w', '-', write, "'w' or '-'") &&
      reader.take_either('x', '-', exec, "'x' or '-'") &&
      reader.take_either('s', 'p', shared, "'s' or 'p'") &&
      reader.take(' ', "a space behind the permissions") &&
      reader.take_number(line.offset_bytes, 16, "an offset in hexadecimal digits");
  line.letters = Flags{}
                     .with_if(read, flag::read)
                     .with_if(write, flag::write)
                     .with_if(exec, flag::exec)
                     .with_if(shared, flag::shared);
  return good;
}

/// Reads a whole line, to its end.
inline bool take_maps_line(LineReader& reader, MapsLine& line) noexcept {
  const bool good = take_maps_head(reader, line) && reader.take(' ', "a space behind the offset") &&
                    reader.take_number(line.device.major, 16, "a device as two numbers") &&
                    reader.take(':', "':' between the numbers of a device") &&
                    reader.take_number(line.device.minor, 16, "the second number of a device") &&
                    reader.take(' ', "a space behind the device") &&
                    reader.take_number(line.inode, 10, "an inode in decimal digits");
  if (!good) return false;
  // Some tools cut spaces at the ends of lines.
  if (!reader.at_end() && !reader.take(' ', "a space behind the inode")) return false;
  reader.skip(' ');
  line.path = reader.rest();
  reader.go_to(reader.at() + line.path.size());
  return true;
}

/// Whether this is the first line of an area, and not one of the fields that smaps has below it:
/// those begin with a capital letter.
constexpr bool is_smaps_field(std::string_view line) noexcept {
  return !line.empty() && line.front() >= 'A' && line.front() <= 'Z' &&
         line.find(':') < line.find(' ');
}

/// A path as it is, from how maps writes it. A file whose name has the four characters of \012
/// cannot be told from one with a newline.
inline std::string unescape_path(std::string_view shown) {
  constexpr std::string_view newline = "\\012";
  std::string path;
  while (!shown.empty()) {
    const std::size_t at = shown.find(newline);
    path += shown.substr(0, at);
    if (at == std::string_view::npos) break;
    path += '\n';
    shown.remove_prefix(at + newline.size());
  }
  return path;
}

namespace detail {

inline void append_number(std::string& text, std::uint64_t value, int base, std::size_t width) {
  char digits[20];
  const char* const end = std::to_chars(digits, digits + sizeof digits, value, base).ptr;
  const auto length = static_cast<std::size_t>(end - digits);
  if (length < width) text.append(width - length, '0');
  text.append(digits, length);
}

}  // namespace detail

/// "rw-p".
inline void append_letters(std::string& text, Flags letters) {
  text += letters.has_any(flag::read) ? 'r' : '-';
  text += letters.has_any(flag::write) ? 'w' : '-';
  text += letters.has_any(flag::exec) ? 'x' : '-';
  text += letters.has_any(flag::shared) ? 's' : 'p';
}

/// Everything of a line but path and end.
inline void append_maps_numbers(std::string& text, const MapsLine& line) {
  detail::append_number(text, line.range.start, 16, 8);
  text += '-';
  detail::append_number(text, line.range.end, 16, 8);
  text += ' ';
  append_letters(text, line.letters);
  text += ' ';
  detail::append_number(text, line.offset_bytes, 16, 8);
  text += ' ';
  detail::append_number(text, line.device.major, 16, 2);
  text += ':';
  detail::append_number(text, line.device.minor, 16, 2);
  text += ' ';
  detail::append_number(text, line.inode, 10, 1);
}

/// The line with its end. `line.path` is the path as it is: newlines are written as maps does.
inline void append_maps_line(std::string& text, const MapsLine& line) {
  constexpr std::size_t padded_width = 72;
  const std::size_t start = text.size();
  append_maps_numbers(text, line);
  text += ' ';
  const std::size_t length = text.size() - start;
  if (!line.path.empty()) {
    if (length < padded_width) text.append(padded_width - length, ' ');
    text += ' ';
  }
  for (const char c : line.path) {
    if (c == '\n') {
      text += "\\012";
    } else {
      text += c;
    }
  }
  text += '\n';
}

}  // namespace vmarea::shims
