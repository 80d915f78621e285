// SPDX-License-Identifier: MIT
#include "output.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace follow {
namespace {

bool progress_is_shown = false;

}  // namespace

int write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = write(file, text.data(), text.size());
    if (count >= 0) {
      text.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {  // The program may have made our descriptor so.
      pollfd waited{.fd = file, .events = POLLOUT, .revents = 0};
      poll(&waited, 1, -1);
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

void say(std::string_view text) {
  ProgressLine::clear();
  static_cast<void>(write_all(STDERR_FILENO, fmt::format("follow: {}\n", text)));
}

bool print(std::string_view what, std::string_view text) {
  const int error = write_all(STDOUT_FILENO, text);
  if (error == 0) return true;
  say(fmt::format("cannot write {}: {}", what, std::strerror(error)));
  return false;
}

bool ProgressLine::is_possible() {
  return isatty(STDERR_FILENO) == 1;
}

void ProgressLine::show(std::string_view text) {
  // The cursor goes back, so that what the program writes does not begin in the midst of a line.
  static_cast<void>(write_all(STDERR_FILENO, fmt::format("\r\033[K{}\r", text)));
  progress_is_shown = true;
}

void ProgressLine::clear() {
  if (!std::exchange(progress_is_shown, false)) return;
  static_cast<void>(write_all(STDERR_FILENO, "\r\033[K"));
}

std::string print_count(std::uint64_t count, std::string_view word, std::string_view ending) {
  return fmt::format("{} {}{}", count, word, count == 1 ? "" : ending);
}

void occupy_standard_files() {
  for (const int file : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(file, F_GETFD) >= 0) continue;
    static_cast<void>(::open("/dev/null", O_RDWR | O_CLOEXEC));  // The lowest number is this one.
  }
}

int Recording::open(const std::string& path) {
  path_ = path;
  file_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  return file_ < 0 ? errno : 0;
}

void Recording::write(std::string_view text) {
  if (!works()) return;
  if (const int error = write_all(file_, text); error != 0) fail(error);
}

void Recording::replace(std::string_view text, Replacing replacing) {
  if (!works() || exchange(text) || replacing == Replacing::if_whole) return;
  static_cast<void>(ftruncate(file_, 0));
  lseek(file_, 0, SEEK_SET);
  write(text);
}

/// Whether a new file, with `text` in it, stands where ours stood.
bool Recording::exchange(std::string_view text) {
  struct stat status {};
  struct stat present {};
  // Of a link, or if the file was moved away, what it was is kept.
  if (fstat(file_, &status) != 0 || lstat(path_.c_str(), &present) != 0 ||
      !S_ISREG(present.st_mode) || status.st_ino != present.st_ino || status.st_nlink != 1) {
    return false;
  }
  std::string fresh = path_ + ".XXXXXX";
  int file = mkostemp(fresh.data(), O_CLOEXEC);
  if (file < 0) return false;
  const bool is_exchanged = fchown(file, status.st_uid, status.st_gid) == 0 &&
                            fchmod(file, status.st_mode & 07777) == 0 &&
                            write_all(file, text) == 0 && rename(fresh.c_str(), path_.c_str()) == 0;
  if (is_exchanged) {
    std::swap(file_, file);
  } else {
    unlink(fresh.c_str());
  }
  ::close(file);
  return is_exchanged;
}

bool Recording::close() {
  if (file_ < 0) return !failed_;
  if (::close(file_) != 0) fail(errno);
  file_ = -1;
  return !failed_;
}

void Recording::fail(int error) {
  if (!failed_) say(fmt::format("cannot write {}: {}", path_, std::strerror(error)));
  failed_ = true;
}

}  // namespace follow
