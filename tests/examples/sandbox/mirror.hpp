// SPDX-License-Identifier: MIT
//
// A child's memory and a tracker of it, changed together.
//
//   plan     the tracker says what the call will answer, and where memory goes
//   reserve  it takes what it needs, so that nothing can fail afterwards
//            the child makes the system call, which may fail
//   commit   the tracker follows; had the call failed, it would be as before
//
// A system call may also fail half-way: mprotect goes area by area, and what it changed before it
// ran into a limit stays changed. So after a failure the kernel is asked, and what it did do the
// tracker does, too.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

#include "stub.hpp"

namespace sandbox {

/// The part of the child's address space that is hers to use; nothing else of the child lies near.
inline constexpr vmarea::Range arena{0x2000'0000'0000, 0x2000'0010'0000};

/// Userland, where mmap chooses only from the arena.
struct Host : vmarea::Replacing<vmarea::shims::UserlandOf<Host>, vmarea::Service::geometry> {
  static constexpr vmarea::Geometry geometry() noexcept {
    return {.limit = arena.end, .placement_min = arena.start, .fixed_min = arena.start};
  }
};

/// A line of /proc/PID/maps.
struct Mapping {
  vmarea::Range range;
  vmarea::Protection protection;
  bool is_shared = false;
  std::uint64_t offset_bytes = 0;

  friend bool operator==(const Mapping&, const Mapping&) = default;
};

class Mirror {
 public:
  using Space = vmarea::AddressSpace<Host>;

  /// `fails` is asked before each system call, and may let it fail.
  explicit Mirror(std::function<bool()> fails);
  ~Mirror();

  vmarea::Result<vmarea::Address> mmap(const vmarea::MmapRequest<Host>& request);
  vmarea::Result<void> munmap(vmarea::Range range);
  vmarea::Result<void> mprotect(vmarea::Range range, vmarea::Protection protection);
  vmarea::Result<vmarea::Address> mremap(vmarea::MremapRequest request);
  vmarea::Result<void> madvise(vmarea::Range range, vmarea::Advice advice);
  vmarea::Result<void> touch(vmarea::Address at);

  /// The memory that all shared and file mappings are of.
  Host::FileHandle file() noexcept { return &file_; }
  const Space& space() const noexcept { return space_; }
  /// The arena as the kernel and as the tracker see it.
  std::vector<Mapping> host_mappings() const;
  std::vector<Mapping> tracked_mappings() const;

  /// The child may have so many bytes of private writable memory in the arena, and no more: then
  /// the kernel refuses what the tracker knows nothing of.
  void limit_data(std::uint64_t bytes);

  std::uint64_t failures = 0;   // System calls that failed,
  std::uint64_t half_done = 0;  // and those among them that had changed something.

 private:
  template <class SomeChange, class SystemCall>
  auto together(SomeChange change, SystemCall&& make) -> decltype(change.status());
  void do_what_the_host_did();

  std::function<bool()> fails_;
  int memory_;  // The file, in this process and in the child.
  Stub stub_;
  int maps_;  // /proc/PID/maps of the child.
  vmarea::shims::File<Host> file_;
  Space space_;
};

}  // namespace sandbox
