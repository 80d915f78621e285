// SPDX-License-Identifier: MIT
//
// What follow writes. What it says may get lost where it cannot be written, for the program must
// not suffer from that; what was asked for, such as a recording, is missed aloud.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace follow {

/// Writes all of `text`. 0, or the errno of what kept it from that.
[[nodiscard]] int write_all(int file, std::string_view text);

/// The exit status where what was asked for cannot be written.
inline constexpr int exit_not_written = 4;

/// "follow: TEXT" on standard error, if that can be written.
void say(std::string_view text);
/// Writes to standard output what was asked for, and says so if it cannot.
[[nodiscard]] bool print(std::string_view what, std::string_view text);

/// A line on a terminal that the next one of ours replaces.
class ProgressLine {
 public:
  /// Whether standard error is a terminal.
  static bool is_possible();
  static void show(std::string_view text);
  static void clear();
};

/// "1 process", "2 processes"; `ending` makes the word one of many.
std::string print_count(std::uint64_t count, std::string_view word, std::string_view ending = "s");

/// Gives descriptors 0 to 2 something to stand for where they are closed, so that no file of ours
/// gets one of them. They are closed again for the program.
void occupy_standard_files();

/// A file that was asked for; it grows until writing fails, which is said at once and remembered.
class Recording {
 public:
  Recording() = default;
  ~Recording() { static_cast<void>(close()); }
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  /// 0, or the errno of what kept the file from being made.
  [[nodiscard]] int open(const std::string& path);
  /// Whether there is a file and all went well so far.
  bool works() const { return file_ >= 0 && !failed_; }
  void write(std::string_view text);
  enum class Replacing : std::uint8_t {
    if_whole,  // Left as it is where the file cannot be exchanged for another one.
    always,
  };
  /// `text` is all of the file, instead of what was replaced before. A file of a file system is
  /// exchanged, so that it is whole at any time.
  void replace(std::string_view text, Replacing replacing);
  /// Whether all that was written is there.
  [[nodiscard]] bool close();

 private:
  void fail(int error);
  [[nodiscard]] bool exchange(std::string_view text);

  std::string path_;
  int file_ = -1;
  bool failed_ = false;
};

}  // namespace follow
