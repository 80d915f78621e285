// SPDX-License-Identifier: MIT
//
// The memory of a process that someone else runs: read from /proc once, then followed call by call.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/smaps.hpp>
#include <vmarea_shims/userland.hpp>

namespace tracer {

/// A system call that the kernel has answered.
struct SystemCall {
  std::uint64_t number = 0;
  std::uint64_t arguments[6]{};
  std::int64_t answer = 0;
};

class TracedMemory {
 public:
  using Space = vmarea::AddressSpace<vmarea::shims::Userland>;

  /// Reads the memory of a process that stands still. Exits with a sentence where it cannot.
  explicit TracedMemory(pid_t pid);

  /// Makes the call here, too. Answers whether it was one of memory, and counts surprises.
  bool follow(const SystemCall& call);
  /// The stack grows by faults, which no system call shows.
  void grow_stack_like(const TracedMemory& other);
  /// Whether both have the same memory with the same access. Areas may be cut elsewhere: what a
  /// program touches, a tracer of system calls does not see, and it decides what joins.
  bool looks_like(const TracedMemory& other) const;

  const Space& space() const noexcept { return space_; }
  unsigned surprises() const noexcept { return surprises_; }

 private:
  vmarea::Result<void> make(const SystemCall& call);
  vmarea::Result<void> map(const SystemCall& call);
  vmarea::shims::File<vmarea::shims::Userland>* file_of(std::uint64_t descriptor);

  pid_t pid_;
  vmarea::shims::ShownFiles<vmarea::shims::Userland> files_;  // Outlives the space.
  Space space_;
  unsigned surprises_ = 0;
};

}  // namespace tracer
