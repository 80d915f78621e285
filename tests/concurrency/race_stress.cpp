// SPDX-License-Identifier: MIT
//
// race_stress [READS [REMOVALS]]
//
// Real threads, for the thread sanitizer, and without it as age_stress for many reads: two writers
// that replace objects in places of their own and give back what is over, readers that joined,
// guests, and one that joins and leaves all the time. It goes on until there were at least so many
// reads, and removals of each writer. Objects carry their ages; a reader that finds one which was
// given back, so that its grace period is over, sees its age gone. Says `found:` and ends with 1 if
// one did.
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <thread>

#include <vmarea_shims/epochs.hpp>
#include <vmarea_shims/memory.hpp>
#include <vmarea_shims/retired.hpp>

namespace {

/// As the standard words, but a wait lets the other threads run.
struct YieldingAtomics : vmarea::shims::StandardAtomics {
  static void pause() noexcept { std::this_thread::yield(); }
};
using Epochs = vmarea::shims::Epochs<YieldingAtomics, 3>;
using List = vmarea::shims::RetiredList<YieldingAtomics, vmarea::shims::HeapMemory>;

struct Object {
  std::uint64_t age;
  std::uint64_t twice;
  std::atomic<bool> is_retired = false;  // Which orders nothing.
};

constexpr std::size_t places_per_writer = 16;
constexpr unsigned writers = 2;

struct Wanted {
  std::uint64_t reads;
  std::uint64_t removals;
};

struct Land {
  explicit Land(const Wanted& least) : wanted(least) {}

  const Wanted wanted;
  Epochs epochs;
  std::atomic<Object*> places[writers][places_per_writer] = {};
  std::atomic<unsigned> writing = writers;
  std::atomic<std::uint64_t> reads = 0;
  std::atomic<std::uint64_t> reads_of_retired = 0;
  std::atomic<std::uint64_t> wrong = 0;

  /// Finds all objects, and then reads them; writers may go far in between. Requires: a section.
  void look(bool takes_long) {
    const Object* found[writers * places_per_writer];
    std::size_t count = 0;
    for (auto& of_one : places) {
      for (std::atomic<Object*>& place : of_one) {
        const Object* const object = place.load(std::memory_order_acquire);
        if (object != nullptr) found[count++] = object;
      }
    }
    if (takes_long) std::this_thread::yield();
    std::uint64_t retired = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const Object& object = *found[i];
      if (object.age == 0 || object.twice != 2 * object.age) ++wrong;
      retired += object.is_retired.load(std::memory_order_relaxed) ? 1 : 0;
    }
    reads.fetch_add(count, std::memory_order_relaxed);
    if (retired != 0) reads_of_retired.fetch_add(retired, std::memory_order_relaxed);
  }
};

void give_back(void* object) noexcept {
  Object* const gone = static_cast<Object*>(object);
  gone->age = 0;
  gone->twice = 1;
  delete gone;
}

/// Each call replaces up to three objects, and ends with an unlock.
void run_writer(Land& land, unsigned writer) {
  List list;
  std::uint64_t random = writer + 1;
  std::uint64_t age = 0;
  while (age < land.wanted.removals ||
         land.reads.load(std::memory_order_relaxed) < land.wanted.reads) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    for (std::uint64_t i = 0; i <= (random >> 60) % 3; ++i) {
      if (!list.reserve_place()) std::abort();
      ++age;
      Object* const made = new Object{.age = age, .twice = 2 * age};
      std::atomic<Object*>& place = land.places[writer][(random >> (40 + 4 * i)) % 16];
      Object* const gone = place.exchange(made, std::memory_order_acq_rel);
      if (gone == nullptr) continue;
      gone->is_retired.store(true, std::memory_order_relaxed);
      list.retire(gone);
    }
    list.publish(land.epochs);
    (random >> 33) % 64 == 0 ? list.reclaim_early(land.epochs, give_back)
                             : list.reclaim(land.epochs, give_back);
  }
  --land.writing;
  list.publish(land.epochs);
  while (list.queued() != 0) {
    list.reclaim_early(land.epochs, give_back);
    YieldingAtomics::pause();
  }
  for (std::atomic<Object*>& place : land.places[writer]) {
    Object* const gone = place.exchange(nullptr, std::memory_order_acq_rel);
    if (gone != nullptr) list.retire(gone);
  }
  list.publish(land.epochs);
  land.epochs.wait_for(land.epochs.stamp());
  list.drain(give_back);
}

enum class As { joined, guest, changing };

void run_reader(Land& land, As as) {
  Epochs::Reader reader = as == As::joined ? land.epochs.join() : Epochs::Reader{};
  for (std::uint64_t i = 1; land.writing != 0; ++i) {
    const bool takes_long = i % 32 == 0;
    if (as == As::changing) {
      Epochs::Reader another = land.epochs.join();
      {
        const vmarea::shims::ReadSection section(land.epochs, another);
        land.look(takes_long);
      }
      land.epochs.leave(another);
    } else {
      const vmarea::shims::ReadSection section(land.epochs, reader);
      land.look(takes_long);
    }
  }
  land.epochs.leave(reader);
}

}  // namespace

int main(int argc, char** argv) {
  const auto number = [&](int i, std::uint64_t usual) {
    return argc > i ? std::strtoull(argv[i], nullptr, 10) : usual;
  };
  Land land({.reads = number(1, 30000), .removals = number(2, 200000)});
  std::thread threads[] = {
      std::thread(run_writer, std::ref(land), 0u),
      std::thread(run_writer, std::ref(land), 1u),
      std::thread(run_reader, std::ref(land), As::joined),
      std::thread(run_reader, std::ref(land), As::guest),
      std::thread(run_reader, std::ref(land), As::changing),
      std::thread(run_reader, std::ref(land), As::changing),
  };
  for (std::thread& thread : threads) thread.join();
  const auto reads = static_cast<unsigned long long>(land.reads.load());
  const auto retired = static_cast<unsigned long long>(land.reads_of_retired.load());
  const auto wrong = static_cast<unsigned long long>(land.wrong.load());
  if (wrong != 0) std::printf("found: %llu reads of what was given back\n", wrong);
  std::printf("%llu reads, %llu of them of what was retired\n", reads, retired);
  return wrong == 0 ? 0 : 1;
}
