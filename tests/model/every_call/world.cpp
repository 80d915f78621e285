// SPDX-License-Identifier: MIT
#include "model/every_call/world.hpp"

#include <utility>

namespace vmarea::test::every_call {

namespace {

Result<void> refuse_split(const TestDescription&, Address) noexcept {
  return Error::invalid;
}
Result<void> refuse_odd_split(const TestDescription&, Address at) noexcept {
  return (at >> 12) % 2 == 0 ? success : Result<void>(Error::invalid);
}
Result<void> refuse_exec(const TestDescription&, Range, Flags access) noexcept {
  return access.has_any(flag::exec) ? Result<void>(Error::access_denied) : success;
}
Result<void> refuse_odd_move(const TestDescription&, Address to) noexcept {
  return (to >> 12) % 2 == 0 ? success : Result<void>(Error::no_memory);
}
void count_copy(TestArea&) noexcept {}

constexpr AreaHooks<TestServices> unsplittable{.may_split = refuse_split};
constexpr AreaHooks<TestServices> choosy{
    .may_split = refuse_odd_split, .may_protect = refuse_exec, .may_move = refuse_odd_move};
/// Its objects are counted, and still a merge may remove them.
constexpr AreaHooks<TestServices> counts_copies{.open = count_copy};

}  // namespace

Settings Settings::of(std::uint64_t seed) {
  Settings made{.profile = seed % 3 == 2 ? linux_6_12 : linux_6_18};
  if (seed / 3 % 2 == 1) made.profile.partial_effects = PartialEffects::all_or_nothing;
  made.profile.reads_share_zero_page = seed % 4 != 3;
  made.profile.has_protection_keys = seed % 5 == 3;
  if (seed % 7 == 4) made.limits.area_count_max = 18;
  if (seed % 11 == 6) made.limits.locked_bytes = 20 << 12, made.limits.may_lock_any = false;
  if (seed % 13 == 7) made.limits.data_bytes = 40 << 12;
  if (seed % 17 == 9) made.limits.address_space_bytes = 70 << 12;
  if (seed % 19 == 10) made.limits.strict_overcommit = true;
  if (seed % 11 == 3) made.charge_max = 40;
  if (seed % 5 == 4) made.huge_page_shift = 14;
  if (seed % 9 == 5) made.faulty_kinds |= shims::kind_bit(shims::Resource::space_lock);
  made.seals = seed % 2 == 0;
  made.layout.mmap_base = column(columns + 40);
  made.layout.legacy_base = column(0);
  made.layout.top_down = seed % 8 != 1;
  made.layout.start_brk = made.layout.brk = column(brk_column);
  return made;
}

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

  files_ = {host.make_file(),
            host.make_file({.writable = false}),
            host.make_file({.storage = Storage::memory}),
            host.make_file({}, &recording_hooks),
            host.make_file({.driver_turn = DriverTurn::after_joining}, &harmless_hooks),
            host.make_file({.driver_turn = DriverTurn::after_joining}, &counts_copies),
            host.make_file({}, &unsplittable),
            host.make_file({}, &choosy),
            host.make_file(),
            host.make_file({.placement = Placement::huge_pages, .storage = Storage::memory}),
            host.make_file({.may_exec = false, .placement = Placement::own}),
            host.make_file(),
            host.make_file({}, &unsplittable)};
  files_[8]->refuses = Error::invalid;
  files_[11]->anonymous_if_private = true;
  files_[12]->adds = flag::io | flag::dont_expand | flag::page_frames;
  segments_ = {host.make_file({.segment_bytes = 3 << 12}),
               host.make_file({.segment_bytes = (5 << 12) - 100})};
  space_ = std::make_unique<Space>(TestServices(host), settings.layout);
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
