// SPDX-License-Identifier: MIT
//
// A small kernel's view of one program's memory: calls change areas, and a page fault asks them
// what may be done and finds a frame. Exits with 0, or with the line where something went wrong.
//
//   areas    [ code r-x ) [ data rw- ) ......... [ stack rw- )
//   frames       3  .        1  .  7                   .  2        a frame where a page was touched
#include <cstddef>
#include <cstdint>

#include "host.hpp"
#include "start.hpp"

namespace {

using namespace vmarea;

using freestanding::BareHost;
using Space = AddressSpace<BareHost>;

constexpr std::uint64_t page = 4096;
constexpr Address user_end = 0x40'0000;
constexpr Protection read_write = prot::read | prot::write;

void expect(bool kept, int line = __builtin_LINE()) {
  if (!kept) freestanding::exit(line);
}

/// Which frame each page has; 0 is none. A kernel has page tables here.
class Frames {
 public:
  bool put(Address at) noexcept {
    if (in_use_ == count) return false;
    std::uint16_t frame = 1;
    while (taken_[frame]) ++frame;
    taken_[frame] = true;
    ++in_use_;
    of_[at / page] = frame;
    return true;
  }
  void drop(Range range) noexcept {
    for (Address at = range.start; at < range.end; at += page) {
      if (of_[at / page] == 0) continue;
      taken_[of_[at / page]] = false;
      of_[at / page] = 0;
      --in_use_;
    }
  }
  void move(Range range, Address to) noexcept {
    for (Address at = range.start; at < range.end; at += page, to += page) {
      of_[to / page] = of_[at / page];
      of_[at / page] = 0;
    }
  }
  bool has(Address at) const noexcept { return of_[at / page] != 0; }
  std::size_t in_use() const noexcept { return in_use_; }

 private:
  static constexpr std::uint16_t count = 64;
  std::uint16_t of_[user_end / page]{};
  bool taken_[count + 1]{};
  std::size_t in_use_ = 0;
};

class Process {
 public:
  /// A system call: `change` is what Space::plan_ gave. Frames follow the steps.
  template <class SomeChange>
  auto call(SomeChange change) {
    HostCall<BareHost> calls[16];
    std::size_t count = 0;
    change.for_each_step([&](const Step<BareHost>& step) {
      for_each_host_call(step, BareHost::geometry(), [&](const HostCall<BareHost>& each) {
        expect(count < 16);
        calls[count++] = each;
      });
    });
    const auto result = change.complete();
    for (std::size_t i = 0; result && i < count; ++i) follow(calls[i]);
    return result;
  }

  /// A fault of the processor. False: the program gets a SIGSEGV.
  bool fault(Address at, Touch how) {
    if (space.find_or_grow(at) == nullptr || !space.touch(at, how)) return false;
    return frames.has(at) || frames.put(at);
  }

  Space space{BareHost{}, SpaceLayout{.mmap_base = user_end - 0x10'0000, .legacy_base = 0x10'0000}};
  Frames frames;

 private:
  void follow(const HostCall<BareHost>& call) {
    if (call.kind == HostCallKind::move) return frames.move(call.range, call.to);
    if (call.kind != HostCallKind::protect) frames.drop(call.range);
  }
};

void run_program(Process& process) {
  Space& space = process.space;
  const MapFlags fixed = map::private_ | map::anonymous | map::fixed;
  const auto map_at = [&](Address at, std::uint64_t pages, Protection protection) {
    return process.call(space.plan_mmap({at, pages * page, protection, fixed})).operator bool();
  };
  expect(map_at(0x1'0000, 4, prot::read | prot::exec));
  expect(map_at(0x2'0000, 8, read_write));
  expect(static_cast<bool>(space.insert_initial_stack(user_end)));

  expect(process.fault(0x1'1000, Touch::read) && !process.fault(0x1'1000, Touch::write));
  expect(process.fault(0x2'0000, Touch::write) && process.fault(0x2'3000, Touch::write));
  expect(process.fault(user_end - 3 * page, Touch::write));  // The stack grows down to it.
  expect(!process.fault(0x8'0000, Touch::read));
  expect(process.frames.in_use() == 4);

  // The middle of the data is written no more; then its upper half moves, with what it holds.
  expect(static_cast<bool>(process.call(space.plan_mprotect(0x2'3000, page, prot::read))));
  expect(!process.fault(0x2'3000, Touch::write) && process.fault(0x2'3000, Touch::read));
  const auto moved = process.call(space.plan_mremap({.address = 0x2'3000,
                                                     .old_length = page,
                                                     .new_length = page,
                                                     .flags = remap::may_move | remap::fixed,
                                                     .new_address = 0x9'0000}));
  expect(moved && process.frames.has(0x9'0000) && !process.frames.has(0x2'3000));
  expect(static_cast<bool>(process.call(space.plan_munmap(0, user_end))));
  expect(process.frames.in_use() == 0 && space.area_count() == 0);
}

}  // namespace

int run() noexcept {
  freestanding::write("the kernel runs a program\n");
  {
    Process process;
    run_program(process);
  }
  expect(freestanding::area_pool.in_use() == 0 && freestanding::node_pool.in_use() == 0);
  freestanding::write("all of its memory came back\n");
  return 0;
}
