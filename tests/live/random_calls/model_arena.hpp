// SPDX-License-Identifier: MIT
//
// Our side: an address space on the userland services, driven with the same calls as the kernel.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "live/random_calls/call.hpp"
#include "live/random_calls/picture.hpp"
#include "vmarea/space_state.hpp"

namespace vmarea::live {

class ModelArena {
 public:
  /// `reads_allocate`: as KernelArena::reads_allocate().
  explicit ModelArena(bool reads_allocate);
  ~ModelArena();
  ModelArena(const ModelArena&) = delete;
  ModelArena& operator=(const ModelArena&) = delete;

  /// False where the answer depends on single pages, which a host without page tables does not
  /// know: guard pages, and pages past the end of shared memory.
  bool can_follow(const Call& call) const;
  /// The result, or minus the error number. A fork changes to the child, or makes and ends one.
  std::int64_t execute(const Call& call);
  /// Unmaps the arena. False if something is left: a sealed area, or one outside the arena.
  bool clear();
  void unmap(std::uint64_t start, std::uint64_t length);
  /// Areas of the arena with all flags and identities.
  void read_areas(Picture& picture) const;
  const PageTotals& totals() const;
  /// The broken invariant, or null.
  const char* what_is_broken() const;

 private:
  struct Spaces;
  std::unique_ptr<Spaces> spaces_;
};

}  // namespace vmarea::live
