// SPDX-License-Identifier: MIT
//
// One space with everything that calls can be about: files of each kind, userfault contexts, a
// break, limits that are sometimes near. Worlds of the same settings are equal.
#pragma once

#include <memory>
#include <vector>

#include "model/every_call/settings.hpp"

namespace vmarea::test::every_call {

/// Column 0 lies some pages below the end of a table of every level but the top.
inline constexpr std::uint64_t first_page = (std::uint64_t{1} << 27) - 16;

class World {
 public:
  using Host = TestServices;
  using Space = AddressSpace<Host>;

  explicit World(const Settings& settings);
  ~World() {
    host.faults.fail(0);
    host.on_notice = {};
  }

  Space& space() { return *space_; }
  const Space& space() const { return *space_; }
  static constexpr unsigned page_shift() { return 12; }
  static constexpr Address column(std::uint64_t number) {
    return (first_page + number) << page_shift();
  }
  bool seals() const { return seals_; }
  TestFile* file(std::uint64_t choice) const { return files_[choice % files_.size()]; }
  TestFile* segment(std::uint64_t choice) const { return segments_[choice % segments_.size()]; }
  /// The number of a file that was there from the start; 0: none, or made by a call.
  std::uint64_t number_of(const TestFile* file) const;

  enum class GoOn : unsigned char { in_parent, in_child };
  /// Forks; the space that calls are no longer made on stays until the next fork.
  Result<void> fork(GoOn where);
  void end_other();

  TestState host;

 private:
  std::vector<TestFile*> files_;
  std::vector<TestFile*> segments_;
  std::unique_ptr<Space> other_;
  std::unique_ptr<Space> space_;
  bool seals_;
};

}  // namespace vmarea::test::every_call
