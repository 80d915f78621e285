// SPDX-License-Identifier: MIT
//
// weak_memory SCENARIO [ITERATIONS]
//
// Runs threads that read under grace periods, and others that give back what those may look at, in
// so many drawn executions of the memory model of C++. Ends with 0 if nothing was found, and with 1
// and the execution if something was. Those scenarios that begin with "misuse_" break what a
// function requires, so something must be found.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ostream>

#include <vmarea_shims/retired.hpp>

#include "land.hpp"

namespace vmarea::test {
namespace {

/// The writer is the first thread.
struct Readers : rl::test_suite<Readers, 3> {
  Land<> land;
  void before() { land.begin(); }
  void thread(unsigned index) {
    if (index == 0) return land.exchange(land.places[0], 3);
    Land<>::Reader reader = land.epochs.join();
    land.look(reader);
    land.look(reader);
    land.epochs.leave(reader);
  }
};

/// Two writers, for the stamps of one alone are all even.
struct Guests : rl::test_suite<Guests, 4> {
  Land<> land;
  void before() { land.begin(); }
  void thread(unsigned index) {
    if (index < 2) return land.exchange(land.places[index], 3);
    land.look_as_guest();
    land.look_as_guest();
  }
};

/// One slot for two: the other is a guest, or takes it when the first has left.
struct Latecomers : rl::test_suite<Latecomers, 3> {
  Land<1> land;
  void before() { land.begin(); }
  void thread(unsigned index) {
    if (index == 0) return land.exchange(land.places[0], 3);
    for (int i = 0; i < 2; ++i) {
      Land<1>::Reader reader = land.epochs.join();
      land.look(reader);
      land.epochs.leave(reader);
    }
  }
};

/// Two writers that know nothing of each other, and readers of both.
struct TwoWriters : rl::test_suite<TwoWriters, 4> {
  Land<> land;
  void before() { land.begin(); }
  void thread(unsigned index) {
    if (index < 2) return land.exchange(land.places[index], 2);
    Land<>::Reader reader = index == 2 ? land.epochs.join() : Land<>::Reader{};
    land.look_long(reader);
    land.look_long(reader);
  }
};

/// Writer and reader are interrupted anywhere, also within enter() and is_over().
struct Handlers : rl::test_suite<Handlers, 3> {
  Land<> land;
  void before() { land.begin(); }
  void thread(unsigned index) {
    land.interrupt_thread(2);
    if (index == 0) return land.exchange(land.places[0], 3);
    Land<>::Reader reader = index == 1 ? land.epochs.join() : Land<>::Reader{};
    land.look_long(reader);
    land.look(reader);
  }
};

/// Memory of a list that wants no more than three batches.
struct FewBatches {
  struct alignas(std::max_align_t) Room {
    std::byte bytes[256];
  };
  struct Rooms {
    Room rooms[3];
    unsigned taken = 0;
  };
  Rooms* rooms = nullptr;

  void* allocate(std::size_t bytes, std::size_t) noexcept {
    const bool fits = bytes <= sizeof(Room) && rooms->taken < 3;
    return fits ? &rooms->rooms[rooms->taken++] : nullptr;
  }
  void release(void*, std::size_t, std::size_t) noexcept {}
};

/// A writer with a list of what it retired, two in a batch. Each of its calls makes an object,
/// replaces one, and ends with an unlock.
struct Queue : rl::test_suite<Queue, 3> {
  using List = shims::RetiredList<RelacyAtomics, FewBatches, 2>;

  Land<> land;
  FewBatches::Rooms rooms;
  void before() { land.begin(); }
  void thread(unsigned index) {
    if (index == 0) return write();
    Land<>::Reader reader = index == 1 ? land.epochs.join() : Land<>::Reader{};
    land.look(reader);
    land.look(reader);
    land.epochs.leave(reader);
  }
  void give_back(void* object) {
    Place& place = land.places[0];
    const rl::var<unsigned>* const at = static_cast<rl::var<unsigned>*>(object);
    place.give_back(static_cast<unsigned>(at - place.objects));
  }
  virtual void call(List& list, unsigned from, unsigned to) {
    Place& place = land.places[0];
    place.publish(to);
    list.retire(&place.objects[from], sizeof(unsigned), alignof(unsigned));
  }
  void write() {
    const auto give = [this](void* object, std::size_t, std::size_t) { give_back(object); };
    List list{FewBatches{&rooms}};
    RL_ASSERT(list.reserve_place());
    for (unsigned i = 0; i < 3; ++i) {
      land.places[0].make(i + 1);
      RL_ASSERT(list.reserve_place());
      call(list, i, i + 1);
      list.publish(land.epochs);
      list.reclaim(land.epochs, give);
    }
    while (list.queued() != 0) {
      list.reclaim_early(land.epochs, give);
      RelacyAtomics::pause();
    }
    list.forgo_place();
    list.drain(give);
  }
};

/// A call finds memory short between what it retires and its publication.
struct ShortMemory : Queue {
  void call(List& list, unsigned from, unsigned to) override {
    Place& place = land.places[0];
    const auto give = [this](void* object, std::size_t, std::size_t) { give_back(object); };
    list.retire(&place.objects[from], sizeof(unsigned), alignof(unsigned));
    list.reclaim_early(land.epochs, give);
    place.publish(to);
  }
};

/// The other writer lets the epoch go on before the removal is published.
struct MisuseStampFirst : TwoWriters {
  void thread(unsigned index) {
    if (index != 0) return TwoWriters::thread(index);
    Place& place = land.places[0];
    place.make(1);
    const std::uint64_t stamp = land.epochs.stamp();
    place.publish(1);
    land.epochs.wait_for(stamp);
    place.give_back(0);
  }
};

/// The list is told that all is published while the space is still locked.
struct MisusePublishFirst : Queue {
  void call(List& list, unsigned from, unsigned to) override {
    Place& place = land.places[0];
    list.retire(&place.objects[from], sizeof(unsigned), alignof(unsigned));
    list.publish(land.epochs);
    (void)land.epochs.is_over(land.epochs.stamp());
    place.publish(to);
  }
};

struct MisuseNoSection : Guests {
  void thread(unsigned index) {
    if (index < 2) return Guests::thread(index);
    land.places[0].look();
  }
};

/// Relacy wants the suite itself; those that derive from another one are their own.
template <class Case>
struct Suite : rl::test_suite<Suite<Case>, Case::params::static_thread_count> {
  Case scenario;
  void before() { scenario.before(); }
  void thread(unsigned index) { scenario.thread(index); }
};

template <class Case>
bool find_nothing(rl::iteration_t iterations) {
  std::ostream silence(nullptr);
  rl::test_params params;
  params.iteration_count = iterations;
  params.execution_depth_limit = 20000;
  params.progress_stream = &silence;
  if (rl::simulate<Suite<Case>>(params)) return true;
  std::printf("found: %s in iteration %llu\n", rl::test_result_str(params.test_result),
              static_cast<unsigned long long>(params.stop_iteration));
  return false;
}

struct Scenario {
  const char* name;
  bool (*finds_nothing)(rl::iteration_t);
};
constexpr Scenario scenarios[] = {
    {"readers", find_nothing<Readers>},
    {"guests", find_nothing<Guests>},
    {"latecomers", find_nothing<Latecomers>},
    {"two_writers", find_nothing<TwoWriters>},
    {"handlers", find_nothing<Handlers>},
    {"queue", find_nothing<Queue>},
    {"short_memory", find_nothing<ShortMemory>},
    {"misuse_stamp_first", find_nothing<MisuseStampFirst>},
    {"misuse_publish_first", find_nothing<MisusePublishFirst>},
    {"misuse_no_section", find_nothing<MisuseNoSection>},
};

}  // namespace
}  // namespace vmarea::test

int main(int argc, char** argv) {
  const char* const wanted = argc > 1 ? argv[1] : "";
  const unsigned long long iterations = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 50000;
  for (const vmarea::test::Scenario& scenario : vmarea::test::scenarios) {
    if (std::strcmp(wanted, scenario.name) != 0) continue;
    if (!scenario.finds_nothing(iterations)) return 1;
    std::printf("%s: nothing found in %llu iterations\n", wanted, iterations);
    return 0;
  }
  std::fputs("weak_memory SCENARIO [ITERATIONS], where a scenario is one of\n", stderr);
  for (const vmarea::test::Scenario& scenario : vmarea::test::scenarios) {
    std::fprintf(stderr, "  %s\n", scenario.name);
  }
  return 2;
}
