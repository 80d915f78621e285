// SPDX-License-Identifier: MIT
//
// race_lookups [CALLS]
//
// Real threads on the threaded host, for the thread sanitizer: one changes two spaces in turn, the
// others look things up in both, as joined readers, as guests, and with areas locked. Says `found:`
// and ends with 1 where an answer does not hold what was asked for, or the sanitizer reports.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include <vmarea/vmarea.hpp>
#include <vmarea_shims/threaded.hpp>

extern "C" const char* __tsan_default_options() {
  return "exitcode=0";
}
extern "C" void __tsan_on_report(void*) {
  static std::atomic<bool> said = false;
  if (!said.exchange(true)) std::puts("found: a race");
  std::fflush(stdout);
  std::_Exit(1);
}

namespace {

using Space = vmarea::AddressSpace<vmarea::shims::Threaded>;
using vmarea::Address;

constexpr std::uint64_t page = 4096;
constexpr std::uint64_t pages = 256;
constexpr Address base = 0x100000;

struct Land {
  Space spaces[2];
  std::atomic<bool> done = false;
  std::atomic<std::uint64_t> looks = 0;
  std::atomic<std::uint64_t> wrong = 0;

  void expect(bool right) {
    if (!right) ++wrong;
  }
};

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t below(std::uint64_t limit) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return (state_ >> 33) % limit;
  }
  Address any_page() { return base + below(pages) * page; }

 private:
  std::uint64_t state_;
};

void change(Land& land, std::uint64_t calls) {
  Random random(1);
  const auto flags = vmarea::map::private_ | vmarea::map::anonymous | vmarea::map::fixed;
  for (std::uint64_t i = 0; i < calls || land.looks < 2000; ++i) {
    Space& space = land.spaces[i % 2];
    const Address at = random.any_page();
    const std::uint64_t length = (1 + random.below(4)) * page;
    switch (random.below(4)) {
      case 0:
        (void)space.munmap(at, length);
        break;
      case 1:
        (void)space.mprotect(at, length, vmarea::prot::read);
        break;
      case 2:
        (void)space.mremap({.address = at,
                            .old_length = length,
                            .new_length = length,
                            .flags = vmarea::remap::may_move | vmarea::remap::fixed,
                            .new_address = random.any_page()});
        break;
      default:
        (void)space.mmap({.address = at, .length = length, .flags = flags});
    }
  }
  land.done = true;
}

void look(Land& land, std::uint64_t seed) {
  Random random(seed);
  while (!land.done) {
    const Space& space = land.spaces[random.below(2)];
    const Address at = random.any_page();
    {
      const auto lookups = space.lookups();
      const auto seen = lookups.find(at);
      land.expect(!seen || seen.range.contains(at));
      const auto next = lookups.find_at_or_above(at);
      land.expect(!next || next.range.end > at);
    }
    if (const auto area = space.lock_area(at)) {
      land.expect((*area)->range().contains(at) && (*area)->length() >= page);
    }
    land.looks.fetch_add(1, std::memory_order_relaxed);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t calls = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 20000;
  Land land;
  std::thread joined([&] {
    const vmarea::shims::ReaderThread here;
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
