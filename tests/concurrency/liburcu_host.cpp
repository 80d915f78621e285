// SPDX-License-Identifier: MIT
//
// Read sections are a service: the threaded host with those of liburcu in the place of its own. A
// kernel brings its RCU the same way.
//
//   begin_read_section()   rcu_read_lock()          a thread registers with its first one
//   end_read_section()     rcu_read_unlock()
//   retire_area(), nodes   wait in a RetiringPool   which asks LiburcuGrace instead of an Epochs
//
// Not for lookups in signal handlers: a thread that never registered cannot do so there.
#include <atomic>
#include <chrono>
#include <thread>
#include <type_traits>

#include <gtest/gtest.h>
#include <urcu/urcu-memb.h>
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/threaded.hpp>

#include "reader_in_section.hpp"

namespace vmarea::test {
namespace {

using namespace std::chrono_literals;

/// Grace periods for a RetiringPool, which asks whether one is over and never waits for it.
/// liburcu calls back instead, so one call is under way at a time; it covers all stamps before it.
class LiburcuGrace {
 public:
  std::uint64_t stamp() noexcept { return last_.fetch_add(1) + 1; }
  bool is_over(std::uint64_t stamp) noexcept {
    if (stamp <= over_) return true;
    if (is_asked_.exchange(true)) return false;
    asked_ = last_.load();
    urcu_memb_call_rcu(&call_.head, [](rcu_head* head) {
      LiburcuGrace& grace = *reinterpret_cast<Call*>(head)->grace;
      grace.over_ = grace.asked_;
      grace.is_asked_ = false;
    });
    return false;
  }

 private:
  struct Call {
    rcu_head head;
    LiburcuGrace* grace;
  };

  std::atomic<std::uint64_t> last_ = 0;
  std::atomic<std::uint64_t> over_ = 0;
  std::atomic<bool> is_asked_ = false;
  std::uint64_t asked_ = 0;  // Protected by is_asked_.
  Call call_{{}, this};
};
LiburcuGrace grace;

/// The calling thread, as long as it is known to liburcu.
struct Registered {
  Registered() { urcu_memb_register_thread(); }
  Registered(const Registered&) = delete;
  Registered& operator=(const Registered&) = delete;
  ~Registered() { urcu_memb_unregister_thread(); }
};

struct LiburcuSections {
  using Periods = LiburcuGrace;
  static Periods& periods() noexcept { return grace; }
  struct ReadSection {};
  static ReadSection begin_read_section() noexcept {
    static thread_local const Registered registered;
    urcu_memb_read_lock();
    return {};
  }
  static void end_read_section(const ReadSection&) noexcept { urcu_memb_read_unlock(); }
};
struct LiburcuThreaded : shims::ThreadedOf<LiburcuThreaded, LiburcuSections> {};

using Space = AddressSpace<LiburcuThreaded>;
constexpr std::uint64_t page = 4096;
constexpr Address base = 0x100000;
constexpr std::uint64_t areas = 100;

/// A space with areas of two pages, and holes of two pages in between.
struct LiburcuHostTest : ::testing::Test {
  Space space;

  void SetUp() override {
    for (std::uint64_t i = 0; i < areas; ++i) map(i);
  }
  static Address at(std::uint64_t i) { return base + i * 4 * page; }
  void map(std::uint64_t i) {
    const auto flags = map::private_ | map::anonymous | map::fixed;
    ASSERT_TRUE(space.mmap(
        {.address = at(i), .length = 2 * page, .protection = prot::read, .flags = flags}));
  }
  void unmap_and_map(std::uint64_t times) {
    for (std::uint64_t i = 0; i < times; ++i) {
      ASSERT_TRUE(space.munmap(at(i % areas), 2 * page));
      map(i % areas);
    }
  }
  std::size_t waiting() { return space.services().node_pool.waiting(); }
};

TEST_F(LiburcuHostTest, memory_waits_for_liburcu_and_not_for_the_epochs_of_the_program) {
  using Pool = shims::RetiringPool<shims::HeapChunks, shims::StandardAtomics, LiburcuGrace>;
  static_assert(std::is_same_v<decltype(LiburcuThreaded::area_pool), Pool>);
  static_assert(std::is_same_v<decltype(LiburcuThreaded::node_pool), Pool>);
  EXPECT_GE(space.services().area_pool.in_use(), areas);
  EXPECT_NE(space.services().node_pool.in_use(), 0u);
}

TEST_F(LiburcuHostTest, what_a_section_may_hold_stays_in_memory) {
  ReaderInSection reader(space);
  for (int i = 0; i < 20; ++i) {
    unmap_and_map(60);
    std::this_thread::sleep_for(10ms);  // So that a grace period could end.
  }
  EXPECT_GE(waiting(), 2000u) << "nodes were given back in front of a reader";
  reader.leave();
  // The first one may have begun before the last node was retired.
  for (int i = 0; i < 2; ++i) {
    unmap_and_map(300);
    urcu_memb_barrier();
  }
  unmap_and_map(300);
  EXPECT_LT(waiting(), 2000u) << "nodes are kept although no reader is left";
}

TEST_F(LiburcuHostTest, lookups_and_locks_of_areas_are_right_beside_calls) {
  std::atomic<bool> done = false;
  std::atomic<std::uint64_t> looks = 0;
  std::atomic<std::uint64_t> wrong = 0;
  const auto look = [&] {
    for (std::uint64_t i = 0; !done; i = (i + 7) % (2 * areas)) {
      const Address where = base + i * 2 * page;
      {
        const auto lookups = space.lookups();
        const auto seen = lookups.find(where);
        if (seen && (seen.range != Range{where, where + 2 * page} || i % 2 != 0)) ++wrong;
        const auto next = lookups.find_at_or_above(where);
        if (next && next.range.end <= where) ++wrong;
      }
      if (const auto area = space.lock_area(where)) {
        if (!(*area)->range().contains(where)) ++wrong;
      }
      ++looks;
    }
  };
  std::thread first(look);
  std::thread second(look);
  for (int i = 0; i < 100 || looks < 20000; ++i) unmap_and_map(areas);
  done = true;
  first.join();
  second.join();
  EXPECT_EQ(wrong, 0u) << "of " << looks << " looks";
}

}  // namespace
}  // namespace vmarea::test
