// SPDX-License-Identifier: MIT
//
// Our side: an address space on the userland services, driven with the same calls as the kernel.
// Each call is made in its four beats: the edits that were previewed must be what happened, and
// nothing may be allocated after reserve. The space holds all areas of this process, so that
// limits, counts and the choice of addresses mean the same on both sides.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include <sys/resource.h>

#include "live/random_calls/call.hpp"
#include "live/random_calls/picture.hpp"
#include "vmarea/host/profile.hpp"
#include "vmarea/space/space_state.hpp"

namespace vmarea::live {

/// What both sides have in common before the first call.
struct Machine {
  KernelProfile profile;
  std::vector<SeenArea> surroundings;
  std::uint64_t placement_end = 0;  // 0: what the kernel chooses is not compared.
  std::array<rlimit, limited_count> limits{};
  std::uint64_t memory_pages = 0;  // No single mapping is promised more.
  bool low_is_random = false;      // Whether the kernel chooses low addresses by lot.
  bool has_segments = true;        // Those of System V.
  Flags marks_of_new_memory;       // As KernelArena::marks_of_new_memory().
  bool has_keys = false;           // As KernelArena::has_keys().
  bool reads_allocate = false;     // As KernelArena::reads_allocate().
};

class ModelArena {
 public:
  virtual ~ModelArena() = default;

  /// Behaves like another kernel from now on; what the machine decides stays. To be called while
  /// the arena is empty.
  virtual void use(const KernelProfile& profile) = 0;

  /// False where the answer depends on single pages, which a host without page tables does not
  /// know: guard pages, and pages past the end of shared memory.
  virtual bool can_follow(const Call& call) const = 0;
  /// The result, or minus the error number. A fork changes to the child, or makes and ends one.
  virtual std::int64_t execute(const Call& call) = 0;
  /// Unmaps the arena; limits and rights are as at the start. False if something is left there, or
  /// the page behind it was touched.
  virtual bool reset() = 0;
  virtual void unmap(std::uint64_t start, std::uint64_t length) = 0;
  /// As the kernel counts, with the locked pages that it forgets to take off its counter: a known
  /// deviation.
  virtual PageTotals totals() const = 0;
  /// What of these the kernel counts in excess.
  virtual std::int64_t locked_excess() const = 0;
  /// As the library counts.
  virtual std::int64_t locked_pages() const = 0;
  virtual std::int64_t committed_pages() const = 0;
  /// To be called in a child made by fork: its counter of locked pages begins anew.
  virtual void become_child() = 0;
  /// What the last call broke: a beat, an invariant of the areas in the arena; or null.
  virtual const char* what_is_wrong() const = 0;
  /// The broken invariant of the whole space, or null.
  virtual const char* what_is_broken() const = 0;

  /// Areas of the arena with all flags and identities.
  const Picture& picture() const { return picture_; }
  /// How often a known deviation was met since this was made.
  std::uint64_t deviations_met() const { return deviations_met_; }

 protected:
  Picture picture_;
  std::uint64_t deviations_met_ = 0;
};

std::unique_ptr<ModelArena> make_model(const Shape& shape, const Machine& machine);

}  // namespace vmarea::live
