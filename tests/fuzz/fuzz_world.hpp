// SPDX-License-Identifier: MIT
//
// The world of random calls on a host of a fuzzer: up to three spaces that come from one another by
// fork, and share files, attributes and the charge.
#pragma once

#include <array>
#include <memory>
#include <utility>

#include "fuzz/host.hpp"
#include "fuzz/land.hpp"
#include "model/every_call/files.hpp"
#include "model/every_call/settings.hpp"

namespace vmarea::test::fuzz {

using every_call::Settings;

template <Variant variant>
class FuzzWorld {
 public:
  using Host = FuzzHost<variant>;
  using Space = AddressSpace<Host>;
  using File = typename HostState<variant>::File;
  static constexpr unsigned spaces_max = 3;
  enum class GoOn : unsigned char { in_parent, in_child };

  explicit FuzzWorld(const Scene& scene)
      : place_(Place::of(scene)), settings_(Settings::of(scene.seed, scene.page_shift)) {
    host.geometry = place_.geometry;
    host.geometry.huge_page_shift = place_.geometry.page_shift + settings_.huge_page_shift % 8 + 2;
    host.profile = settings_.profile;
    set_limits(settings_);
    using shims::Resource;
    // What every host asks for alike. Without page tables, memory is not touched page by page.
    host.faults.kinds = kind_bit(Resource::area) | kind_bit(Resource::charge) |
                        kind_bit(Resource::attributes) | kind_bit(Resource::shared_memory) |
                        kind_bit(Resource::event);
    host.userfaults[1] = {.unmap_events = true, .remap_events = true, .fork_events = true};
    host.userfaults[2] = {.protects_async = true, .unmap_events = true};
    host.userfaults[3] = {};
    files_ = every_call::make_files<Host>(host, &every_call::ignoring_hooks<Host>,
                                          &every_call::empty_hooks<Host>);
    files_[1]->hooks = files_[2]->hooks = &every_call::Drivers<Host>::watchful;
    segments_ = {host.make_file({.segment_bytes = bytes(3)}),
                 host.make_file({.segment_bytes = bytes(5) - 100})};
    spaces_[0] = make_space();
  }
  ~FuzzWorld() { host.on_notice = {}; }

  Space& space() { return *spaces_[current_]; }
  const Space& space() const { return *spaces_[current_]; }
  /// Null: there is none of this number.
  const Space* space(unsigned number) const { return spaces_[number].get(); }
  unsigned current() const { return current_; }
  void choose(unsigned number) { current_ = spaces_[number] ? number : 0; }
  void set_limits(const Settings& settings) {
    host.limits = settings.limits;
    host.charge_max = settings.charge_max;
  }

  unsigned page_shift() const { return place_.geometry.page_shift; }
  Address column(std::uint64_t number) const {
    return (place_.first_page + number) << page_shift();
  }
  bool seals() const { return settings_.seals; }
  File* file(std::uint64_t choice) const { return files_[choice % files_.size()]; }
  File* segment(std::uint64_t choice) const { return segments_[choice % segments_.size()]; }
  /// The number of a file that was there from the start; 0: made by a call.
  std::uint64_t number_of(const void* file) const {
    std::uint64_t number = 0;
    for (const File& each : host.files) {
      ++number;
      if (&each == file) return number;
    }
    return 0;
  }

  unsigned child() const { return (current_ + 1) % spaces_max; }
  /// Ends the space that the child takes the place of.
  void make_room_for_child() {
    const shims::FaultPlan faults = std::exchange(host.faults, {});
    spaces_[child()].reset();
    host.faults = faults;
  }
  Result<void> fork() {
    std::unique_ptr<Space>& child = spaces_[this->child()];
    if (current_ == this->child()) return Error::invalid;
    child = make_space();
    return spaces_[current_]->fork_into(*child);
  }
  void end_spaces() {
    host.faults.fail(0);
    for (std::unique_ptr<Space>& space : spaces_) space.reset();
  }

  HostState<variant> host;

 private:
  std::uint64_t bytes(std::uint64_t pages) const { return pages << page_shift(); }
  std::unique_ptr<Space> make_space() {
    return std::make_unique<Space>(
        Host(host), every_call::layout_in(*this, settings_.top_down, host.geometry.limit));
  }

  const Place place_;
  const Settings settings_;
  std::vector<File*> files_;
  std::vector<File*> segments_;
  std::array<std::unique_ptr<Space>, spaces_max> spaces_;
  unsigned current_ = 0;
};

}  // namespace vmarea::test::fuzz
