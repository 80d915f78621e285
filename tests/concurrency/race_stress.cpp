// SPDX-License-Identifier: MIT
//
// race_stress [REMOVALS]
//
// Real threads, for the thread sanitizer: two writers that replace objects in places of their own
// and give back what is over, readers that joined, guests, and one that joins and leaves all the
// time. Objects carry the age at which they were made; a reader that finds one which was given back
// sees its age gone. Ends with 1 if one did.
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
};

constexpr std::size_t places_per_writer = 16;
constexpr unsigned writers = 2;

struct Land {
  Epochs epochs;
  std::atomic<Object*> places[writers][places_per_writer] = {};
  std::atomic<unsigned> writing = writers;
  std::atomic<std::uint64_t> looks = 0;
  std::atomic<std::uint64_t> wrong = 0;

  void look() {
    for (auto& of_one : places) {
      for (std::atomic<Object*>& place : of_one) {
        const Object* const found = place.load(std::memory_order_acquire);
        if (found != nullptr && (found->age == 0 || found->twice != 2 * found->age)) ++wrong;
      }
    }
    looks.fetch_add(1, std::memory_order_relaxed);
  }
};

void give_back(void* object, std::size_t, std::size_t) noexcept {
  *static_cast<Object*>(object) = {0, 1};
  delete static_cast<Object*>(object);
}

/// Each call replaces up to three objects, and ends with an unlock.
void run_writer(Land& land, unsigned writer, std::uint64_t removals) {
  List list;
  std::uint64_t random = writer + 1;
  std::uint64_t age = 0;
  while (age < removals || land.looks.load(std::memory_order_relaxed) < 1000) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    for (std::uint64_t i = 0; i <= (random >> 60) % 3; ++i) {
      if (!list.reserve_place()) std::abort();
      ++age;
      Object* const made = new Object{age, 2 * age};
      std::atomic<Object*>& place = land.places[writer][(random >> (40 + 4 * i)) % 16];
      Object* const gone = place.exchange(made, std::memory_order_acq_rel);
      if (gone != nullptr) list.retire(gone, sizeof(Object), alignof(Object));
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
    if (gone != nullptr) list.retire(gone, sizeof(Object), alignof(Object));
  }
  list.publish(land.epochs);
  land.epochs.wait_for(land.epochs.stamp());
  list.drain(give_back);
}

enum class As { joined, guest, changing };

void run_reader(Land& land, As as) {
  Epochs::Reader reader = as == As::joined ? land.epochs.join() : Epochs::Reader{};
  while (land.writing != 0) {
    if (as == As::changing) {
      Epochs::Reader another = land.epochs.join();
      {
        const vmarea::shims::ReadSection section(land.epochs, another);
        land.look();
      }
      land.epochs.leave(another);
    } else {
      const vmarea::shims::ReadSection section(land.epochs, reader);
      land.look();
    }
  }
  land.epochs.leave(reader);
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t removals = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 200000;
  Land land;
  std::thread threads[] = {
      std::thread(run_writer, std::ref(land), 0u, removals),
      std::thread(run_writer, std::ref(land), 1u, removals),
      std::thread(run_reader, std::ref(land), As::joined),
      std::thread(run_reader, std::ref(land), As::guest),
      std::thread(run_reader, std::ref(land), As::changing),
      std::thread(run_reader, std::ref(land), As::changing),
  };
  for (std::thread& thread : threads) thread.join();
  const auto wrong = static_cast<unsigned long long>(land.wrong.load());
  std::printf("%llu looks, %llu at what was given back\n",
              static_cast<unsigned long long>(land.looks.load()), wrong);
  return wrong == 0 ? 0 : 1;
}
