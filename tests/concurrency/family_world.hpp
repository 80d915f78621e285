// SPDX-License-Identifier: MIT
//
// Spaces that threads change at once and that share files and identities: the world of random calls
// on the threaded host with a reverse map, one space each. A fork makes a world of its own, which
// another thread may go on with; what a world counts is touched by one thread at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include <vmarea_shims/threaded_reverse_map.hpp>

#include "model/every_call/files.hpp"
#include "model/every_call/settings.hpp"
#include "support/chosen_limits.hpp"

namespace vmarea::test {

struct FamilyHost;

struct FamilyParts : shims::ThreadedReverseMapOf<FamilyHost>, ChosenLimits<Choices> {
  using ChosenLimits::charge;
  using ChosenLimits::ChosenLimits;
  using ChosenLimits::geometry;
  using ChosenLimits::limits;
  using ChosenLimits::profile;
  using ChosenLimits::uncharge;
  static constexpr bool checks = true;

  static void* allocate_link(std::size_t bytes, std::size_t alignment) noexcept {
    link_count.fetch_add(1, std::memory_order_relaxed);
    return Maps::allocate_link(bytes, alignment);
  }
  static void release_link(void* link, std::size_t bytes, std::size_t alignment) noexcept {
    link_count.fetch_sub(1, std::memory_order_relaxed);
    Maps::release_link(link, bytes, alignment);
  }
  /// Links and identities that are there.
  static inline std::atomic<std::int64_t> link_count = 0;
};

struct FamilyHost final : shims::LockChecked<shims::FaultInjecting<FamilyParts>> {
  using LockChecked::LockChecked;
};

/// The files that all worlds map; the first three are one file, opened three times.
struct FamilyFiles
    : every_call::FileShelf<FamilyHost, shims::MappedFile<FamilyHost, shims::LockedFileMapping>> {
  FamilyFiles() {
    files = every_call::make_files<FamilyHost>(*this, &every_call::ignoring_hooks<FamilyHost>,
                                               &every_call::empty_hooks<FamilyHost>);
    files[1]->mapping = files[0]->mapping;
    files[2]->mapping = files[0]->mapping;
    segments = {make_file({.segment_bytes = 3 << 12}),
                make_file({.segment_bytes = (5 << 12) - 100})};
  }

  std::vector<File*> files;
  std::vector<File*> segments;
};

class FamilyWorld {
 public:
  using Host = FamilyHost;
  using Space = AddressSpace<FamilyHost>;
  using File = FamilyFiles::File;
  enum class GoOn : unsigned char { in_parent, in_child };

  FamilyWorld(const every_call::Settings& settings, const FamilyFiles& files)
      : host(chosen(settings)),
        settings_(settings),
        files_(files),
        space_(FamilyHost(host),
               every_call::layout_in(*this, settings.top_down, host.geometry.limit)) {}
  ~FamilyWorld() { host.faults.fail(0); }
  FamilyWorld(const FamilyWorld&) = delete;
  FamilyWorld& operator=(const FamilyWorld&) = delete;

  Space& space() { return space_; }
  const Space& space() const { return space_; }
  static constexpr unsigned page_shift() { return 12; }
  static constexpr Address column(std::uint64_t number) { return 0x10000000 + (number << 12); }
  bool seals() const { return settings_.seals; }
  File* file(std::uint64_t choice) const { return files_.files[choice % files_.files.size()]; }
  File* segment(std::uint64_t choice) const {
    return files_.segments[choice % files_.segments.size()];
  }
  /// Null where the fork fails for `error`.
  std::unique_ptr<FamilyWorld> fork(Error& error) {
    auto child = std::make_unique<FamilyWorld>(settings_, files_);
    const Result<void> done = space_.fork_into(child->space_);
    error = done.code();
    return done ? std::move(child) : nullptr;
  }

  Choices host;

 private:
  static Choices chosen(const every_call::Settings& settings) {
    Choices choices;
    choices.profile = settings.profile;
    choices.limits = settings.limits;
    choices.charge_max = settings.charge_max;
    choices.geometry.huge_page_shift = settings.huge_page_shift;
    choices.faults.kinds = settings.faulty_kinds;
    return choices;
  }

  const every_call::Settings settings_;
  const FamilyFiles& files_;
  Space space_;
};

}  // namespace vmarea::test
