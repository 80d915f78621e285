// SPDX-License-Identifier: MIT
//
// race_lookups [CALLS]
//
// Real threads on the threaded host, for the thread sanitizer: one makes random calls of every kind
// on two spaces in turn, the others look things up in both, as joined readers, as guests, and with
// areas locked. Nothing else orders them. Says `found:` and ends with 1 where an answer does not
// hold what was asked for, or the sanitizer reports.
#include <atomic>
#include <random>
#include <thread>

#include "concurrency/race_report.hpp"
#include "concurrency/threaded_world.hpp"
#include "model/every_call/play.hpp"

namespace vmarea::test {
namespace {

using World = ThreadedWorld<4, Notes::no>;
using every_call::Settings;

constexpr std::uint64_t columns_looked_at = every_call::columns + 24;

struct Land {
  World worlds[2]{World(Settings::of(1)), World(Settings::of(2))};
  std::atomic<bool> done = false;
  std::atomic<std::uint64_t> looks = 0;
  std::atomic<std::uint64_t> wrong = 0;

  void expect(bool right) {
    if (!right) ++wrong;
  }
};

void change(Land& land, std::uint64_t calls) {
  every_call::SeededNumbers numbers(1);
  InOneGo in_one_go;
  for (std::uint64_t i = 0; i < calls || land.looks < 2000; ++i) {
    (void)every_call::play(land.worlds[i % 2], every_call::draw_call(numbers), in_one_go);
  }
  land.done = true;
}

void look(Land& land, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  while (!land.done) {
    const World::Space& space = land.worlds[random() % 2].looked_at();
    const Address at = World::column(random() % columns_looked_at);
    {
      const auto lookups = space.lookups();
      const auto seen = lookups.find(at);
      land.expect(!seen || seen.range.contains(at));
      const auto next = lookups.find_at_or_above(at);
      land.expect(!next || next.range.end > at);
    }
    if (const auto area = space.lock_area(at)) {
      const Description<World::Host> all = **area;
      asm volatile("" : : "r"(&all) : "memory");  // Each field is read.
      land.expect(all.range().contains(at));
    }
    land.looks.fetch_add(1, std::memory_order_relaxed);
  }
}

int run(std::uint64_t calls) {
  Land land;
  std::thread joined([&] {
    const shims::ReaderThread here;
    look(land, 2);
  });
  std::thread guest([&] { look(land, 3); });
  change(land, calls);
  joined.join();
  guest.join();
  const auto looks = static_cast<unsigned long long>(land.looks.load());
  const auto wrong = static_cast<unsigned long long>(land.wrong.load());
  if (wrong != 0) std::printf("found: %llu of %llu looks were wrong\n", wrong, looks);
  std::printf("%llu looks\n", looks);
  return wrong == 0 ? 0 : 1;
}

}  // namespace
}  // namespace vmarea::test

int main(int argc, char** argv) {
  return vmarea::test::run(argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 20000);
}
