// SPDX-License-Identifier: MIT
//
// The world of random calls on the threaded host, for readers beside them. If wanted, each space
// notes what every write of it left; by asking for that, readers are ordered behind the writes.
// Spaces that calls are no longer made on, after a fork, stay to the end: a reader may be in one.
#pragma once

#include <atomic>
#include <memory>
#include <type_traits>
#include <vector>

#include <vmarea_shims/threaded.hpp>

#include "concurrency/noted_tree.hpp"
#include "model/every_call/files.hpp"
#include "model/every_call/settings.hpp"
#include "support/chosen_limits.hpp"

namespace vmarea::test {

enum class Notes : bool { no, yes };

template <std::size_t capacity, Notes notes>
struct WorldHost;

/// What the spaces of a world share; the thread that makes the calls changes it.
template <std::size_t capacity, Notes notes>
struct WorldState
    : Choices,
      every_call::FileShelf<WorldHost<capacity, notes>, shims::File<WorldHost<capacity, notes>>> {};

template <std::size_t capacity, Notes notes>
class WorldParts : public shims::ThreadedOf<WorldHost<capacity, notes>>,
                   public ChosenLimits<WorldState<capacity, notes>> {
  using Chosen = ChosenLimits<WorldState<capacity, notes>>;

 public:
  // In the place of no limits.
  using Chosen::charge;
  using Chosen::Chosen;
  using Chosen::geometry;
  using Chosen::limits;
  using Chosen::profile;
  using Chosen::uncharge;

  static constexpr shims::MapleTreeOptions options{capacity, shims::WriteMode::published};
  template <class AreaType>
  using Plain =
      shims::MapleTree<AreaType, shims::ThreadedMemory<>::Nodes, options, shims::ThreadedFacts>;
  template <class AreaType>
  using Tree = std::conditional_t<notes == Notes::yes, NotedTree<Plain<AreaType>>, Plain<AreaType>>;

  template <class AreaType>
  Tree<AreaType> make_tree() {
    return Tree<AreaType>{this->nodes()};
  }
};

template <std::size_t capacity, Notes notes>
struct WorldHost final : shims::FaultInjecting<WorldParts<capacity, notes>> {
  using Parts = WorldParts<capacity, notes>;
  using shims::FaultInjecting<Parts>::FaultInjecting;

  /// Readers are never refused: what fails is planned for calls alone.
  static Result<void> lock_space_shared(typename Parts::SpaceLock& lock) noexcept {
    return Parts::lock_space_shared(lock);
  }
};

/// Makes calls as users do.
struct InOneGo {
  template <class Whole, class Plan>
  auto made(Whole&& whole, Plan&&) {
    return whole();
  }
  template <class World>
  static Result<void> forked(World& world, typename World::GoOn where) {
    return world.fork(where);
  }
};

template <std::size_t capacity, Notes notes>
class ThreadedWorld {
 public:
  using Host = WorldHost<capacity, notes>;
  using Space = AddressSpace<Host>;
  using File = shims::File<Host>;
  enum class GoOn : unsigned char { in_parent, in_child };

  explicit ThreadedWorld(const every_call::Settings& settings) : settings_(settings) {
    host.profile = settings.profile;
    host.limits = settings.limits;
    host.charge_max = settings.charge_max;
    host.geometry.huge_page_shift = settings.huge_page_shift;
    host.faults.kinds = settings.faulty_kinds;
    files_ = every_call::make_files<Host>(host, &every_call::ignoring_hooks<Host>,
                                          &every_call::empty_hooks<Host>);
    segments_ = {host.make_file({.segment_bytes = 3 << 12}),
                 host.make_file({.segment_bytes = (5 << 12) - 100})};
    add_space();
    looked_at_.store(spaces_.back().get());
  }
  ~ThreadedWorld() { host.faults.fail(0); }
  ThreadedWorld(const ThreadedWorld&) = delete;
  ThreadedWorld& operator=(const ThreadedWorld&) = delete;

  /// Where calls are made.
  Space& space() { return *looked_at_.load(std::memory_order_relaxed); }
  /// The same as any thread may ask for it; it lives as long as the world.
  const Space& looked_at() const { return *looked_at_.load(std::memory_order_acquire); }

  static constexpr unsigned page_shift() { return 12; }
  static constexpr Address column(std::uint64_t number) { return base + (number << page_shift()); }
  bool seals() const { return settings_.seals; }
  File* file(std::uint64_t choice) const { return files_[choice % files_.size()]; }
  File* segment(std::uint64_t choice) const { return segments_[choice % segments_.size()]; }

  Result<void> fork(GoOn where) {
    Space& parent = space();
    const Result<void> done = parent.fork_into(add_space());
    if (!done) {
      spaces_.pop_back();
    } else if (where == GoOn::in_child) {
      looked_at_.store(spaces_.back().get(), std::memory_order_release);
    }
    return done;
  }

  WorldState<capacity, notes> host;

 private:
  static constexpr Address base = 0x10000000;

  Space& add_space() {
    spaces_.push_back(std::make_unique<Space>(
        Host(host), every_call::layout_in(*this, settings_.top_down, host.geometry.limit)));
    return *spaces_.back();
  }

  const every_call::Settings settings_;
  std::vector<File*> files_;
  std::vector<File*> segments_;
  std::vector<std::unique_ptr<Space>> spaces_;
  std::atomic<Space*> looked_at_ = nullptr;
};

}  // namespace vmarea::test
