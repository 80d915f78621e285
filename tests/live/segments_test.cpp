// SPDX-License-Identifier: MIT
//
// The ready host of System V segments beside the running kernel: random calls of shmget, shmat,
// shmdt and shmctl by several users, in a namespace of their own with small limits. What each call
// answers and what becomes of all segments, their counts above all, must be the same.
//
//   VMAREA_SEED=17 ./live_segments_test     other calls
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>
#include <random>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/segments.hpp>
#include <vmarea_shims/userland.hpp>

namespace vmarea::live {
namespace {

using Space = AddressSpace<shims::CheckedUserland>;
using Segments = shims::Segments<shims::CheckedUserland>;
using Access = Segments::Request::Access;

constexpr std::uint64_t page = 4096;
constexpr Address arena = 0x2000'0000'0000;
constexpr std::uint64_t arena_pages = 32;
constexpr shims::SegmentLimits limits{.bytes_max = 5 * page, .pages_max = 20, .count_max = 8};
constexpr shims::SegmentCaller callers[] = {
    {0, 0, true}, {1000, 2000, false}, {1001, 2000, false}, {1002, 2001, false}};

/// -errno, or what the call gave.
std::int64_t answer(std::int64_t raw) {
  return raw == -1 ? -errno : raw;
}
template <class T>
std::int64_t answer(const Result<T>& result) {
  if (!result) return -static_cast<std::int64_t>(result.code());
  if constexpr (std::is_void_v<T>) {
    return 0;
  } else {
    return static_cast<std::int64_t>(*result);
  }
}

bool set_limit(const char* name, std::uint64_t value) {
  std::ofstream file(fmt::format("/proc/sys/kernel/{}", name));
  file << value << std::flush;
  return file.good();
}

/// Makes each call on both sides, as one of the callers.
class TwoSides : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0 || unshare(CLONE_NEWIPC) != 0) GTEST_SKIP() << "needs the right to unshare";
    ASSERT_TRUE(set_limit("shmmax", limits.bytes_max) && set_limit("shmall", limits.pages_max) &&
                set_limit("shmmni", limits.count_max));
  }
  ~TwoSides() override {
    while (end_child()) {
    }
    munmap(reinterpret_cast<void*>(arena), arena_pages * page);
    for (const int id : ids_) shmctl(id, IPC_RMID, nullptr);
  }

  std::uint64_t below(std::uint64_t count) { return random_() % count; }
  template <class T, std::size_t count>
  const T& pick(const T (&from)[count]) {
    return from[below(count)];
  }

  /// One call, made by the kernel as this user.
  template <class Call>
  std::int64_t as(const shims::SegmentCaller& caller, Call&& call) {
    if (setegid(caller.group) != 0 || seteuid(caller.user) != 0) std::abort();
    const std::int64_t result = answer(static_cast<std::int64_t>(call()));
    if (seteuid(0) != 0 || setegid(0) != 0) std::abort();
    return result;
  }

  void get() {
    constexpr std::uint64_t sizes[] = {0, 1, page, 3 * page - 100, 5 * page, 5 * page + 1};
    constexpr unsigned modes[] = {0600, 0600, 0660, 0640, 0666, 0777, 0400, 0200, 0066, 0};
    const shims::SegmentRequest wanted{.key = static_cast<shims::SegmentKey>(below(5)),
                                       .bytes = pick(sizes),
                                       .create = below(3) != 0,
                                       .exclusive = below(4) == 0,
                                       .mode = pick(modes)};
    const shims::SegmentCaller& caller = pick(callers);
    const int flags = (wanted.create ? IPC_CREAT : 0) | (wanted.exclusive ? IPC_EXCL : 0);
    what_ = fmt::format("shmget({}, {}, {:#o} | {:#o}) of {}", wanted.key, wanted.bytes, flags,
                        wanted.mode, caller.user);
    const std::int64_t kernel =
        as(caller, [&] { return shmget(wanted.key, wanted.bytes, flags | int(wanted.mode)); });
    const Result<shims::SegmentId> ours = segments_.get(wanted, caller);
    ASSERT_EQ(kernel < 0 ? kernel : 0, ours ? 0 : answer(ours)) << what_;
    if (!ours) return;
    const auto number = static_cast<std::size_t>(*ours);
    if (number == ids_.size()) ids_.push_back(static_cast<int>(kernel));
    ASSERT_EQ(ids_.at(number), kernel) << what_;
  }

  void attach() {
    constexpr Access accesses[] = {Access::read_write, Access::read_only, Access::read_exec,
                                   Access::read_write_exec};
    const auto number = some_id();
    Segments::Request wanted{.address = some_page(), .access = pick(accesses)};
    if (below(8) == 0) wanted.address += below(page);
    wanted.rounds_address = below(4) == 0;
    wanted.replaces_existing = below(3) == 0;
    const shims::SegmentCaller& caller = pick(callers);
    const bool writes =
        wanted.access == Access::read_write || wanted.access == Access::read_write_exec;
    const bool executes =
        wanted.access == Access::read_exec || wanted.access == Access::read_write_exec;
    const int flags = (writes ? 0 : SHM_RDONLY) | (executes ? SHM_EXEC : 0) |
                      (wanted.rounds_address ? SHM_RND : 0) |
                      (wanted.replaces_existing ? SHM_REMAP : 0);
    what_ =
        fmt::format("shmat({}, {:#x}, {:#o}) of {}", number, wanted.address, flags, caller.user);
    const std::int64_t kernel = as(caller, [&] {
      return reinterpret_cast<std::int64_t>(
          shmat(ids_.at(number), reinterpret_cast<void*>(wanted.address), flags));
    });
    ASSERT_EQ(kernel, answer(segments_.attach(*space_, our_id(number), wanted, caller))) << what_;
  }

  void detach() {
    const Address at = some_page() + (below(12) == 0 ? 1 : 0);
    what_ = fmt::format("shmdt({:#x})", at);
    const std::int64_t kernel = answer(shmdt(reinterpret_cast<void*>(at)));
    ASSERT_EQ(kernel, answer(space_->detach_shared(at))) << what_;
  }

  void change_areas() {
    const Address at = some_page();
    const std::uint64_t length = (1 + below(3)) * page;
    void* const memory = reinterpret_cast<void*>(at);
    if (below(2) == 0) {
      what_ = fmt::format("munmap({:#x}, {:#x})", at, length);
      ASSERT_EQ(answer(munmap(memory, length)), answer(space_->munmap(at, length))) << what_;
    } else {
      what_ = fmt::format("mprotect({:#x}, {:#x})", at, length);
      ASSERT_EQ(answer(mprotect(memory, length, PROT_READ)),
                answer(space_->mprotect(at, length, prot::read)))
          << what_;
    }
  }

  void remove() {
    const auto number = some_id();
    const shims::SegmentCaller& caller = pick(callers);
    what_ = fmt::format("shmctl({}, IPC_RMID) of {}", number, caller.user);
    const std::int64_t kernel =
        as(caller, [&] { return shmctl(ids_.at(number), IPC_RMID, nullptr); });
    ASSERT_EQ(kernel, answer(segments_.remove(our_id(number), caller))) << what_;
  }

  /// A child that has all attached and does nothing, until it is killed.
  void fork_or_end() {
    what_ = "a child comes or goes";
    if (children_.size() == 2 || (!children_.empty() && below(2) == 0)) {
      end_child();
      return;
    }
    const pid_t child = fork();
    if (child == 0) {
      for (;;) pause();
    }
    ASSERT_GT(child, 0);
    children_.push_back({child, std::make_unique<Space>()});
    ASSERT_TRUE(space_->fork_into(*children_.back().space));
  }
  bool end_child() {
    if (children_.empty()) return false;
    kill(children_.back().process, SIGKILL);
    waitpid(children_.back().process, nullptr, 0);
    children_.pop_back();
    return true;
  }

  /// All segments that there ever were, as one of the users sees them.
  void compare() {
    const shims::SegmentCaller& caller = pick(callers);
    for (std::size_t number = ids_.size() < 40 ? 0 : ids_.size() - 40; number < ids_.size();
         ++number) {
      shmid_ds kernel{};
      const std::int64_t result =
          as(caller, [&] { return shmctl(ids_[number], IPC_STAT, &kernel); });
      const Result<shims::SegmentStatus> ours = segments_.status(our_id(number), caller);
      ASSERT_EQ(result, -static_cast<std::int64_t>(ours.code())) << number << " after " << what_;
      if (!ours) continue;
      EXPECT_EQ(kernel.shm_nattch, ours->attached) << number << " after " << what_;
      EXPECT_EQ(kernel.shm_segsz, ours->bytes);
      EXPECT_EQ(kernel.shm_perm.__key, ours->key);
      EXPECT_EQ(kernel.shm_perm.mode & 0777u, ours->mode);
      EXPECT_EQ((kernel.shm_perm.mode & SHM_DEST) != 0, ours->removed);
      EXPECT_EQ(kernel.shm_perm.cuid, ours->owner.user);
    }
  }

  std::size_t some_id() {
    while (ids_.empty()) get();
    const std::size_t recent = std::min<std::size_t>(ids_.size(), 10);
    return ids_.size() - 1 - below(recent);
  }
  Address some_page() { return arena + below(arena_pages - 8) / 3 * 3 * page; }
  static shims::SegmentId our_id(std::size_t number) {
    return static_cast<shims::SegmentId>(number);
  }

  struct Child {
    pid_t process;
    std::unique_ptr<Space> space;
  };

  std::mt19937_64 random_;
  Segments segments_{limits};
  std::unique_ptr<Space> space_ = std::make_unique<Space>();
  std::vector<Child> children_;
  std::vector<int> ids_;  // The kernel's, in the order in which they were made; ours count up.
  std::string what_;
};

TEST_F(TwoSides, random_calls_of_several_users_agree) {
  const char* const chosen = std::getenv("VMAREA_SEED");
  random_.seed(chosen == nullptr ? 1 : std::strtoull(chosen, nullptr, 10));
  for (int i = 0; i < 20'000 && !HasFailure(); ++i) {
    switch (below(16)) {
      case 0:
      case 1:
      case 2:
      case 3:
        get();
        break;
      case 4:
      case 5:
      case 6:
      case 7:
      case 8:
        attach();
        break;
      case 9:
      case 10:
        detach();
        break;
      case 11:
      case 12:
        change_areas();
        break;
      case 13:
      case 14:
        remove();
        break;
      default:
        fork_or_end();
    }
    compare();
  }
}

}  // namespace
}  // namespace vmarea::live
