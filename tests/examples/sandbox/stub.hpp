// SPDX-License-Identifier: MIT
//
// A child process that makes system calls for its parent, in its own address space.
#pragma once

#include <sys/types.h>

namespace sandbox {

class Stub {
 public:
  Stub();
  ~Stub();
  Stub(const Stub&) = delete;
  Stub& operator=(const Stub&) = delete;

  pid_t pid() const noexcept { return pid_; }

  /// Makes a system call in the child; answers as the kernel does, with -errno for an error.
  template <class... Arguments>
  long call(long number, Arguments... arguments) {
    return ask({number, {static_cast<long>(arguments)...}});
  }
  /// Writes to a byte of the child's memory, which must be writable.
  void touch(unsigned long address) { ask({write_byte, {static_cast<long>(address)}}); }

 private:
  struct Request {
    long number;
    long arguments[6];
  };
  static constexpr long write_byte = -1;

  [[noreturn]] static void serve(int mailbox) noexcept;
  long ask(const Request& request);

  pid_t pid_ = -1;
  int mailbox_ = -1;
};

}  // namespace sandbox
