// SPDX-License-Identifier: MIT
//
// sandbox [CALLS [SEED]]: random memory calls in a child, some of which fail, and a tracker that
// must never differ from what the kernel says.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>

#include "mirror.hpp"

using namespace sandbox;
using namespace vmarea;

namespace {

constexpr std::uint64_t page_bytes = 4096;
constexpr std::uint64_t arena_pages = arena.length() / page_bytes;

class RandomCalls {
 public:
  explicit RandomCalls(std::uint64_t seed)
      : random_(seed), mirror_([this] { return chance(1, 20); }) {
    mirror_.limit_data(arena.length() / 4);
  }

  void make_one() {
    const auto pick = below(100);
    if (pick < 30) return map();
    if (pick < 45) return note(mirror_.munmap(any_range()));
    if (pick < 65) return note(mirror_.mprotect(any_range(), any_protection()));
    if (pick < 75) return remap_one();
    if (pick < 85) return note(mirror_.madvise(any_range(), any_advice()));
    touch_one();
  }
  bool same() const { return mirror_.host_mappings() == mirror_.tracked_mappings(); }
  bool anything_failed() const { return mirror_.failures != failures_seen_; }
  void failures_are_seen() { failures_seen_ = mirror_.failures; }
  const Mirror& mirror() const { return mirror_; }
  std::uint64_t successes() const { return successes_; }

 private:
  std::uint64_t below(std::uint64_t count) { return random_() % count; }
  bool chance(std::uint64_t of, std::uint64_t in) { return below(in) < of; }
  template <class T>
  void note(const Result<T>& result) {
    if (result) ++successes_;
  }

  Range any_range() {
    const std::uint64_t pages = 1 + below(chance(1, 4) ? 64 : 8);
    const Address start = arena.start + below(arena_pages - pages + 1) * page_bytes;
    return {start, start + pages * page_bytes};
  }
  Protection any_protection() {
    constexpr Protection all[] = {prot::none, prot::read, prot::read | prot::write,
                                  prot::read | prot::write, prot::read | prot::exec};
    return all[below(std::size(all))];
  }
  Advice any_advice() {
    constexpr Advice all[] = {Advice::dont_need, Advice::dont_fork, Advice::do_fork,
                              Advice::sequential, Advice::normal};
    return all[below(std::size(all))];
  }

  void map() {
    const Range range = any_range();
    MmapRequest<Host> request{.length = range.length(), .protection = any_protection()};
    if (chance(1, 2)) {
      request.address = range.start;
      request.flags |= map::fixed;
    }
    if (chance(1, 3)) {
      request.flags = request.flags.without(map::anonymous);
      request.file = mirror_.file();
      request.offset = range.start - arena.start;
    }
    if (chance(1, 4)) request.flags = request.flags.without(map::private_) | map::shared;
    note(mirror_.mmap(request));
  }
  /// Private memory only: shared memory that mremap has grown ends before its mapping does.
  void touch_one() {
    const Area<Host>* area = mirror_.space().find(any_range().start);
    if (area != nullptr && !area->flags.has_any(flag::may_share)) {
      note(mirror_.touch(area->start + below(area->length() / page_bytes) * page_bytes));
    }
  }
  void remap_one() {
    const Range whole = any_range();
    const Area<Host>* area = mirror_.space().find(whole.start);
    if (area == nullptr) return;
    const Range from{whole.start, whole.end < area->end ? whole.end : area->end};
    MremapRequest request{.address = from.start,
                          .old_length = from.length(),
                          .new_length = any_range().length(),
                          .flags = remap::may_move};
    if (chance(1, 2)) {
      request.flags |= remap::fixed;
      request.new_address = arena.start + below(arena_pages) * page_bytes;
    }
    note(mirror_.mremap(request));
  }

  std::mt19937_64 random_;
  Mirror mirror_;
  std::uint64_t successes_ = 0;
  std::uint64_t failures_seen_ = 0;
};

void print(const char* of, const std::vector<Mapping>& mappings) {
  std::printf("%s:\n", of);
  for (const Mapping& mapping : mappings) {
    std::printf("  %llx-%llx %x %s %llx\n", static_cast<unsigned long long>(mapping.range.start),
                static_cast<unsigned long long>(mapping.range.end), mapping.protection.bits(),
                mapping.is_shared ? "shared" : "private",
                static_cast<unsigned long long>(mapping.offset_bytes));
  }
}

/// Whether `text` is a whole number and nothing else.
bool read_number(const char* text, std::uint64_t& number) {
  char* end = nullptr;
  number = std::strtoull(text, &end, 10);
  return *text >= '0' && *text <= '9' && *end == '\0';
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t calls = 100'000;
  std::uint64_t seed = 1;
  const bool good = argc <= 3 && (argc < 2 || read_number(argv[1], calls)) &&
                    (argc < 3 || read_number(argv[2], seed));
  if (!good) {
    std::fprintf(stderr, "usage: sandbox [CALLS [SEED]]\n");
    return argc == 2 && std::strcmp(argv[1], "--help") == 0 ? 0 : 2;
  }
  RandomCalls random(seed);
  for (std::uint64_t call = 1; call <= calls; ++call) {
    random.make_one();
    // Reading a whole address space takes longer than the call: not after each.
    const bool due = random.anything_failed() || call % 50 == 0 || call == calls;
    if (due && !random.same()) {
      std::printf("tracker and host differ after call %llu of seed %llu\n",
                  static_cast<unsigned long long>(call), static_cast<unsigned long long>(seed));
      print("host", random.mirror().host_mappings());
      print("tracker", random.mirror().tracked_mappings());
      return 1;
    }
    random.failures_are_seen();
  }
  std::printf(
      "%llu calls, %llu made, %llu failed in the host, %llu of them half-way: no difference\n",
      static_cast<unsigned long long>(calls), static_cast<unsigned long long>(random.successes()),
      static_cast<unsigned long long>(random.mirror().failures),
      static_cast<unsigned long long>(random.mirror().half_done));
  return 0;
}
