// SPDX-License-Identifier: MIT
//
// A space that was imported from a running process goes on as that process does: a child by fork
// makes the same calls, and the text of its maps is compared byte for byte after each.
//
//   this process          the child
//   import smaps   <--    /proc/CHILD/smaps
//   call on ours   -->    the same system call, told through a pipe
//   maps_text()    ==     /proc/CHILD/maps
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <random>
#include <string>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/imported.hpp"

namespace vmarea::test {
namespace {

constexpr std::uint64_t page = 0x1000;
constexpr Address arena = 0x2000'0000'0000;  // Where sanitizers keep nothing of their own.
constexpr std::uint64_t arena_pages = 64;
constexpr long poke = -1;  // Writes a byte instead of a system call.

struct Order {
  long number = 0;
  std::array<std::uint64_t, 6> arguments{};
};

/// A child that makes system calls as it is told, and nothing else: it allocates nothing.
class Obedient {
 public:
  Obedient() {
    EXPECT_EQ(pipe2(orders_, O_CLOEXEC), 0);
    EXPECT_EQ(pipe2(answers_, O_CLOEXEC), 0);
    child_ = fork();
    if (child_ == 0) obey();
    // The child's ends: without them here, a child that dies is noticed.
    close(std::exchange(orders_[0], -1));
    close(std::exchange(answers_[1], -1));
  }
  ~Obedient() {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
    close(orders_[1]);
    close(answers_[0]);
  }
  Obedient(const Obedient&) = delete;
  Obedient& operator=(const Obedient&) = delete;

  /// What the system call answers: errors are negative.
  std::int64_t call(const Order& order) const {
    std::int64_t answer = 0;
    EXPECT_EQ(write(orders_[1], &order, sizeof order), static_cast<ssize_t>(sizeof order));
    EXPECT_EQ(read(answers_[0], &answer, sizeof answer), static_cast<ssize_t>(sizeof answer));
    return answer;
  }
  std::string proc(const char* file) const {
    return read_proc(fmt::format("/proc/{}/{}", child_, file).c_str());
  }

 private:
  [[noreturn]] void obey() const {
    Order order;
    while (read(orders_[0], &order, sizeof order) == static_cast<ssize_t>(sizeof order)) {
      const auto& a = order.arguments;
      std::int64_t answer = 0;
      if (order.number == poke) {
        *reinterpret_cast<volatile char*>(a[0]) = 1;
      } else {
        answer = syscall(order.number, a[0], a[1], a[2], a[3], a[4], a[5]);
        if (answer == -1) answer = -errno;
      }
      if (write(answers_[1], &answer, sizeof answer) != static_cast<ssize_t>(sizeof answer)) break;
    }
    _exit(0);
  }

  int orders_[2] = {-1, -1};
  int answers_[2] = {-1, -1};
  pid_t child_ = -1;
};

using Host = shims::CheckedUserland;

std::int64_t number_of(Result<void> result) {
  return -static_cast<std::int64_t>(result.code());
}
std::int64_t number_of(Result<Address> result) {
  return result ? static_cast<std::int64_t>(*result) : -static_cast<std::int64_t>(result.error());
}

/// The same on ours.
std::int64_t call_ours(AddressSpace<Host>& space, const Order& order) {
  const auto& a = order.arguments;
  const auto word = [&](std::size_t i) { return static_cast<std::uint32_t>(a[i]); };
  switch (order.number) {
    case poke:
      return number_of(space.touch(a[0], Touch::write));
    case SYS_mmap:
      return number_of(space.mmap({.address = a[0],
                                   .length = a[1],
                                   .protection = Protection(word(2)),
                                   .flags = MapFlags(word(3))}));
    case SYS_munmap:
      return number_of(space.munmap(a[0], a[1]));
    case SYS_mprotect:
      return number_of(space.mprotect(a[0], a[1], Protection(word(2))));
    case SYS_madvise:
      return number_of(space.madvise(a[0], a[1], static_cast<Advice>(word(2))));
    case SYS_mremap:
      return number_of(space.mremap({.address = a[0],
                                     .old_length = a[1],
                                     .new_length = a[2],
                                     .flags = RemapFlags(word(3)),
                                     .new_address = a[4]}));
    case SYS_brk:
      return static_cast<std::int64_t>(space.brk(a[0]));
    default:
      return -ENOSYS;
  }
}

/// A child with memory of all kinds, and a space that was imported from it.
class ImportedChild : public testing::Test {
 protected:
  static constexpr std::uint64_t rw = PROT_READ | PROT_WRITE;
  static constexpr std::uint64_t fixed = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
  static constexpr std::uint64_t none = ~std::uint64_t{0};  // No descriptor.

  static Address at(std::uint64_t column) { return arena + column * page; }

  void in_child(long number, std::array<std::uint64_t, 6> arguments) const {
    EXPECT_GE(child_.call({number, arguments}), 0) << number;
  }

  /// Pieces of one area, untouched memory, equal neighbours of two identities, a file, a stack.
  ///
  ///   column   0       8       16      24      32  34     40
  ///            [A A A A|B B B B|A A A A).......[C C|D D)..[G)
  void furnish() const {
    in_child(SYS_mmap, {at(0), 24 * page, rw, fixed, none, 0});
    for (const std::uint64_t column : {0U, 8U, 16U}) in_child(poke, {at(column)});
    in_child(SYS_mprotect, {at(8), 8 * page, PROT_READ});
    in_child(SYS_mmap, {at(32), page, rw, fixed, none, 0});
    in_child(poke, {at(32)});
    in_child(SYS_mmap, {at(34), page, rw, fixed, none, 0});
    in_child(poke, {at(34)});
    in_child(SYS_mmap, {at(33), page, rw, fixed, none, 0});
    in_child(SYS_mmap, {at(40), page, rw, fixed | MAP_GROWSDOWN, none, 0});
    in_child(SYS_mmap, {at(44), 4 * page, rw, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, none, 0});
  }

  std::string child_maps() const {
    std::string text = child_.proc("maps");
    if (text.ends_with(shims::vsyscall_line)) {
      text.resize(text.size() - shims::vsyscall_line.size());
    }
    return text;
  }

  /// Makes the call on both sides. False, and a message, at the first difference.
  testing::AssertionResult both(Imported<>& ours, const Order& order) const {
    const std::int64_t theirs = child_.call(order);
    const std::int64_t own = call_ours(ours.space, order);
    const auto& a = order.arguments;
    const std::string what = fmt::format("{}({:#x}, {:#x}, {:#x}, {:#x}, {:#x})", order.number,
                                         a[0], a[1], a[2], a[3], a[4]);
    if (theirs != own) {
      return testing::AssertionFailure()
             << what << ": kernel " << theirs << ", ours " << own << "\n"
             << child_maps() << ours.maps();
    }
    if (ours.maps() == child_maps()) return testing::AssertionSuccess();
    return testing::AssertionFailure() << what << "\nkernel:\n"
                                       << child_maps() << "ours:\n"
                                       << ours.maps();
  }

  Obedient child_;
};

TEST_F(ImportedChild, is_written_as_the_kernel_writes_it) {
  furnish();
  const Imported<> ours(child_.proc("smaps"), {.stat = child_.proc("stat")});
  ASSERT_TRUE(ours.report) << ours.report.text();
  EXPECT_EQ(ours.maps(), child_maps());
}

TEST_F(ImportedChild, pieces_of_an_area_merge_and_equal_neighbours_do_not) {
  furnish();
  Imported<> ours(child_.proc("smaps"), {.stat = child_.proc("stat")});
  ASSERT_TRUE(ours.report) << ours.report.text();
  EXPECT_TRUE(both(ours, {SYS_mprotect, {at(8), 8 * page, rw}}));
  EXPECT_EQ(ours.at(at(0)).range(), (Range{at(0), at(24)}));
  EXPECT_TRUE(both(ours, {SYS_mprotect, {at(32), 3 * page, PROT_READ}}));
  EXPECT_TRUE(both(ours, {SYS_mprotect, {at(32), 3 * page, rw}}));
  EXPECT_EQ(ours.at(at(34)).range(), (Range{at(34), at(35)}));
  EXPECT_TRUE(both(ours, {SYS_munmap, {at(4), 2 * page}}));
  EXPECT_TRUE(both(ours, {SYS_munmap, {at(0), 24 * page}}));
}

TEST_F(ImportedChild, heap_of_the_parent_grows_apart_and_memory_is_placed_as_in_the_process) {
  Imported<> ours(child_.proc("smaps"),
                  {.stat = child_.proc("stat"), .origin = shims::MemoryOrigin::parent});
  ASSERT_TRUE(ours.report) << ours.report.text();
  const auto heap_end = static_cast<std::uint64_t>(child_.call({SYS_brk, {0}}));
  EXPECT_TRUE(both(ours, {SYS_brk, {heap_end + 5 * page}}));
  EXPECT_TRUE(both(ours, {SYS_brk, {heap_end + 9 * page}}));
  EXPECT_TRUE(both(ours, {SYS_brk, {heap_end + 2 * page}}));
  for (const std::uint64_t pages : {1U, 3U, 512U, 700U}) {
    EXPECT_TRUE(
        both(ours, {SYS_mmap, {0, pages * page, rw, MAP_PRIVATE | MAP_ANONYMOUS, none, 0}}));
  }
}

TEST_F(ImportedChild, random_calls_find_no_difference) {
  furnish();
  Imported<> ours(child_.proc("smaps"), {.stat = child_.proc("stat")});
  ASSERT_TRUE(ours.report) << ours.report.text();
  constexpr unsigned seed = 12;
  std::mt19937 random(seed);
  const auto draw = [&](std::uint64_t below) { return random() % below; };
  constexpr int steps = 3000;
  for (int step = 0; step < steps; ++step) {
    const std::uint64_t column = draw(arena_pages);
    const std::uint64_t length = (1 + draw(8)) * page;
    const std::uint64_t access =
        std::array<std::uint64_t, 4>{rw, PROT_READ, PROT_NONE, rw}[draw(4)];
    const std::uint64_t fork_advice = MADV_DONTFORK + draw(2);
    Order order;
    switch (draw(6)) {
      case 0:
        order = {SYS_munmap, {at(column), length}};
        break;
      case 1:
        order = {SYS_mmap, {at(column), length, access, fixed, none, 0}};
        break;
      case 2: {
        const auto* area = ours.space.find(at(column));
        if (area == nullptr || !area->flags.has_any(flag::write)) continue;
        order = {poke, {at(column)}};
        break;
      }
      case 3:
        order = {SYS_mremap,
                 {at(column), length, (1 + draw(8)) * page, MREMAP_MAYMOVE | MREMAP_FIXED,
                  at(draw(arena_pages))}};
        break;
      case 4:
        order = {SYS_madvise, {at(column), length, fork_advice}};
        break;
      default:
        order = {SYS_mprotect, {at(column), length, access}};
        break;
    }
    ASSERT_TRUE(both(ours, order)) << "seed " << seed << ", step " << step;
  }
  const Broken broken = check(ours.space.state());
  EXPECT_FALSE(broken) << broken.what;
}

}  // namespace
}  // namespace vmarea::test
