// SPDX-License-Identifier: MIT
//
// One space with everything that calls can be about: files of each kind, userfault contexts, a
// break, limits that are sometimes near. Worlds of the same settings are equal.
#pragma once

#include <memory>
#include <vector>

#include "model/every_call/call.hpp"
#include "support/test_services.hpp"

namespace vmarea::test::every_call {

struct Settings {
  KernelProfile profile = linux_6_18;
  Limits limits{.stack_guard_gap_pages = 2};
  SpaceLayout layout{};
  PageCount charge_max = ~PageCount{0};
  unsigned huge_page_shift = 21;
  unsigned faulty_kinds = shims::FaultPlan::all_memory;
  bool seals = false;  // Also the other calls that cannot be taken back.

  static Settings of(std::uint64_t seed);
};

/// Column 0 lies some pages below the end of a table of every level but the top.
inline constexpr std::uint64_t first_page = (std::uint64_t{1} << 27) - 16;
inline constexpr std::uint64_t brk_column = 30;

constexpr Address column(std::uint64_t number) {
  return (first_page + number) << 12;
}

class World {
 public:
  using Space = AddressSpace<TestServices>;

  explicit World(const Settings& settings);
  ~World() {
    host.faults.fail(0);
    host.on_notice = {};
  }

  Space& space() { return *space_; }
  const Space& space() const { return *space_; }
  bool seals() const { return seals_; }
  TestFile* file(std::uint64_t choice) const { return files_[choice % files_.size()]; }
  TestFile* segment(std::uint64_t choice) const { return segments_[choice % segments_.size()]; }
  /// The number of a file that was there from the start; 0: none, or made by a call.
  std::uint64_t number_of(const TestFile* file) const;

  enum class GoOn : unsigned char { in_parent, in_child };
  /// Forks; the space that calls are no longer made on stays until the next fork.
  Result<void> fork(GoOn where);

  TestState host;

 private:
  void end_other();

  std::vector<TestFile*> files_;
  std::vector<TestFile*> segments_;
  std::unique_ptr<Space> other_;
  std::unique_ptr<Space> space_;
  bool seals_;
};

}  // namespace vmarea::test::every_call
