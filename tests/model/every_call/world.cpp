// SPDX-License-Identifier: MIT
#include "model/every_call/world.hpp"

#include <utility>

#include "model/every_call/files.hpp"

namespace vmarea::test::every_call {

World::World(const Settings& settings) : seals_(settings.seals) {
  host.profile = settings.profile;
  host.limits = settings.limits;
  host.charge_max = settings.charge_max;
  host.geometry.huge_page_shift = settings.huge_page_shift;
  host.faults.kinds = settings.faulty_kinds;
  host.recorder.on = true;
  host.userfaults[1] = {.unmap_events = true, .remap_events = true, .fork_events = true};
  host.userfaults[2] = {.protects_async = true, .unmap_events = true};
  host.userfaults[3] = {};

  files_ = make_files<TestServices>(host, &recording_hooks, &harmless_hooks);
  segments_ = {host.make_file({.segment_bytes = 3 << 12}),
               host.make_file({.segment_bytes = (5 << 12) - 100})};
  space_ = std::make_unique<Space>(TestServices(host),
                                   layout_in(*this, settings.top_down, host.geometry.limit));
}

std::uint64_t World::number_of(const TestFile* file) const {
  std::uint64_t number = 0;
  for (const TestFile& each : host.files) {
    ++number;
    if (&each == file) return number;
  }
  return 0;
}

void World::end_other() {
  // A space that ends must get its lock, and is not what is watched.
  const shims::FaultPlan faults = std::exchange(host.faults, {});
  const auto on_notice = std::exchange(host.on_notice, {});
  other_.reset();
  host.on_notice = on_notice;
  host.faults = faults;
}

Result<void> World::fork(GoOn where) {
  end_other();
  other_ = std::make_unique<Space>(TestServices(host));
  const Result<void> done = space_->fork_into(*other_);
  if (done && where == GoOn::in_child) std::swap(space_, other_);
  return done;
}

}  // namespace vmarea::test::every_call
