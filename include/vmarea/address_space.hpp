// SPDX-License-Identifier: MIT
//
// The face of the library: one address space and the memory calls on it.
//
//   space.mmap(...)                 plan, reserve and commit in one go
//   space.plan_mmap(...) -> Change  the same in three beats, to keep a host in step:
//       change.status()             what the call will answer
//       change.for_each_edit(...)   what it will change
//       change.reserve()            everything that may run out; failure changes nothing
//       ... the host's own system call ...
//       change.commit()             cannot fail
//
// Calls answer as Linux does, with errno numbers as errors; a failed call changes nothing unless
// Linux promises a partial effect (KernelProfile::partial_effects). The definitions are in calls/.
#pragma once

#include <cstdint>

#include "vmarea/space_state.hpp"

namespace vmarea {

/// Arguments of mmap. `offset` is in bytes.
template <class Services>
struct MmapRequest {
  Address address = 0;
  std::uint64_t length = 0;
  Protection protection;
  MapFlags flags = map::private_ | map::anonymous;
  typename Services::FileHandle file{};
  std::uint64_t offset = 0;
};

/// Arguments of mremap.
struct MremapRequest {
  Address address = 0;
  std::uint64_t old_length = 0;
  std::uint64_t new_length = 0;
  RemapFlags flags;
  Address new_address = 0;
};

/// Arguments of an shmat-like attach; `segment` is the file of the segment, `length` its size.
template <class Services>
struct AttachRequest {
  Address address = 0;
  std::uint64_t length = 0;
  typename Services::FileHandle segment{};
  enum class Access : unsigned char { read_write, read_only, read_write_exec, read_exec };
  Access access = Access::read_write;
  bool round_address = false;     // SHM_RND
  bool replace_existing = false;  // SHM_REMAP
};

/// How a page is touched.
enum class Touch : unsigned char { read, write };

/// One address space.
template <KernelServices Services>
class AddressSpace {
 public:
  using AreaType = Area<Services>;
  using State = SpaceState<Services>;

  explicit AddressSpace(Services services = {}, const SpaceLayout& layout = {})
      : state_(static_cast<Services&&>(services), layout) {}
  AddressSpace(const AddressSpace&) = delete;
  AddressSpace& operator=(const AddressSpace&) = delete;
  /// Unmaps everything, as exit does.
  ~AddressSpace();

  // Calls. Addresses and lengths are bytes, as the system calls take them.
  [[nodiscard]] Result<Address> mmap(const MmapRequest<Services>&);
  [[nodiscard]] Result<void> munmap(Address start, std::uint64_t length);
  [[nodiscard]] Result<void> mprotect(Address start, std::uint64_t length, Protection);
  [[nodiscard]] Result<Address> mremap(const MremapRequest&);
  /// The new break, or the old one if it cannot be had.
  Address brk(Address wanted);
  [[nodiscard]] Result<void> madvise(Address start, std::uint64_t length, Advice);
  [[nodiscard]] Result<Address> attach_shared(const AttachRequest<Services>&);
  [[nodiscard]] Result<void> detach_shared(Address start);
  [[nodiscard]] Result<void> mlock(Address start, std::uint64_t length);
  [[nodiscard]] Result<void> mlock_on_fault(Address start, std::uint64_t length);
  [[nodiscard]] Result<void> munlock(Address start, std::uint64_t length);
  [[nodiscard]] Result<void> mseal(Address start, std::uint64_t length);
  /// First touch of the page at `at`: a write to private memory gives the area an identity.
  [[nodiscard]] Result<void> touch(Address at, Touch);
  /// Grows the stack area above `at` down to it.
  [[nodiscard]] Result<void> grow_stack(Address at);
  /// Makes `child`, which is empty, a copy of this space, as fork does.
  [[nodiscard]] Result<void> fork_into(AddressSpace& child);
  /// Puts an area in place as it is described, as a loader does: no merge, nothing replaced.
  [[nodiscard]] Result<void> insert(const Description<Services>&);

  // Lookups. Pointers are valid until the next change.
  /// The area that contains `at`, or null.
  const AreaType* find(Address at) const;
  /// The area that contains `at`, else the first one above it, or null.
  const AreaType* find_at_or_above(Address at) const;
  /// All areas, in address order, to be walked with a range-for.
  auto areas() const;

  std::uint64_t area_count() const { return state_.area_count; }
  const PageTotals& totals() const { return state_.totals; }
  const SpaceLayout& layout() const { return state_.layout; }
  const Services& services() const { return state_.services; }
  /// The fields, for the verbs of core/, check() and hosts that drive them.
  State& state() { return state_; }
  const State& state() const { return state_; }

 private:
  State state_;
};

}  // namespace vmarea
