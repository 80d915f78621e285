// SPDX-License-Identifier: MIT
//
// The memory of an emulated program. Its pages are of 1 KiB, those of the host of 4 KiB or more:
//
//   guest   | rw- | r-- | ... | rw- |     areas: what a load or store of the interpreter asks
//   host    |          rw-          |     what translated code meets: the union
//
// The bytes lie in one memory that is mapped twice: `translated` is for the guest's code and has
// the protection above, `bytes` is for the emulator and may always be written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

namespace emulator {

inline constexpr std::uint64_t guest_bytes = 256 << 10;
inline constexpr std::uint64_t guest_page = 1 << 10;

/// Userland, with the guest's addresses, and calls that do all or nothing.
struct Guest : vmarea::Replacing<vmarea::shims::UserlandOf<Guest>, vmarea::Service::geometry,
                                 vmarea::Service::profile> {
  static constexpr vmarea::Geometry geometry() noexcept {
    return {.page_shift = 10, .limit = guest_bytes, .placement_min = 0x4000, .fixed_min = 0x1000};
  }
  static constexpr vmarea::KernelProfile profile() noexcept {
    vmarea::KernelProfile kernel = vmarea::linux_6_18;
    kernel.partial_effects = vmarea::PartialEffects::all_or_nothing;
    return kernel;
  }
};

class GuestMemory {
 public:
  using Space = vmarea::AddressSpace<Guest>;

  /// `fails` is asked before each mprotect of the host, and may let it fail.
  explicit GuestMemory(std::function<bool()> fails = [] { return false; });
  ~GuestMemory();
  GuestMemory(const GuestMemory&) = delete;
  GuestMemory& operator=(const GuestMemory&) = delete;

  vmarea::Result<vmarea::Address> mmap(const vmarea::MmapRequest<Guest>& request);
  vmarea::Result<void> munmap(vmarea::Address start, std::uint64_t length);
  vmarea::Result<void> mprotect(vmarea::Address start, std::uint64_t length,
                                vmarea::Protection protection);
  vmarea::Result<vmarea::Address> mremap(const vmarea::MremapRequest& request);

  /// What the interpreter does. False: the guest gets a SIGSEGV.
  bool load(vmarea::Address at, unsigned char& value) const;
  bool store(vmarea::Address at, unsigned char value);

  const Space& space() const noexcept { return space_; }
  /// Whether the host protects each page of `translated` by the union of the guest's.
  bool host_agrees() const;

 private:
  struct HostPage {
    std::uint64_t index;
    int protection;
  };
  using HostCall = vmarea::HostCall<Guest>;

  template <class SomeChange>
  auto apply(SomeChange change) -> decltype(change.status());
  vmarea::Result<void> protect(const std::vector<HostPage>& wanted);
  void move_bytes(const HostCall& call);

  std::function<bool()> fails_;
  std::uint64_t host_page_;
  unsigned char* bytes_ = nullptr;
  unsigned char* translated_ = nullptr;
  std::vector<int> protections_;  // Of each page of `translated`.
  Space space_;
};

}  // namespace emulator
