// SPDX-License-Identifier: MIT
//
// The running kernel, asked by system calls: the same areas in this process itself.
#pragma once

#include <cstdint>

#include <sys/mman.h>

#include "support/layout.hpp"

namespace vmarea::bench {

class Kernel {
 public:
  /// More than a process may have by default, counting its own.
  static constexpr std::uint64_t areas_max = 65'300;

  explicit Kernel(const Layout& layout) : end_(layout.end()) {
    if (layout.places.size() > areas_max) return;
    present_ = true;
    for (const Place& place : layout.places) {
      map(place.start, place.end - place.start, place.protection, place.unreserved);
    }
  }
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;
  ~Kernel() {
    if (present_) (void)::munmap(pointer(base), end_ - base);
  }

  /// Whether it can hold so many areas.
  bool present() const { return present_; }

  static void protect(Address at, std::uint64_t length, Protection protection) {
    demand(::mprotect(pointer(at), length, static_cast<int>(protection.bits())) == 0,
           "the kernel refused mprotect");
  }
  static void unmap(Address at, std::uint64_t length) {
    demand(::munmap(pointer(at), length) == 0, "the kernel refused munmap");
  }
  static void map(Address at, std::uint64_t length, Protection protection,
                  bool unreserved = false) {
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | (unreserved ? MAP_NORESERVE : 0);
    void* const got =
        ::mmap(pointer(at), length, static_cast<int>(protection.bits()), flags, -1, 0);
    demand(got == pointer(at), "the kernel refused mmap");
  }

 private:
  static void* pointer(Address at) { return reinterpret_cast<void*>(at); }

  Address end_;
  bool present_ = false;
};

}  // namespace vmarea::bench
