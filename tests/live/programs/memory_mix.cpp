// SPDX-License-Identifier: MIT
//
// memory_mix [SEED [STEPS]]: memory calls of many kinds in random order, in several threads, forked
// children and children that share the space. Made to be followed; prints its seed and nothing else
// of interest.
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr std::size_t page = 4096;

/// Page-aligned memory that a worker may do anything with.
struct Piece {
  char* start = nullptr;
  std::size_t pages = 0;
};

class Worker {
 public:
  Worker(std::uint64_t seed, int file, bool alone) : random_(seed), file_(file), alone_(alone) {}

  void run(int steps) {
    for (int i = 0; i < steps; ++i) step();
  }

 private:
  std::size_t pick(std::size_t count) { return random_() % count; }
  bool maybe() { return pick(2) == 0; }

  int any_protection() {
    constexpr std::array<int, 5> protections{PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE,
                                             PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC};
    return protections[pick(protections.size())];
  }

  /// Some pages of some piece.
  Piece part() {
    const Piece& whole = pieces_[pick(pieces_.size())];
    const std::size_t from = pick(whole.pages);
    return {whole.start + from * page, 1 + pick(whole.pages - from)};
  }

  void keep(void* at, std::size_t pages) {
    if (at != MAP_FAILED) pieces_.push_back({static_cast<char*>(at), pages});
  }

  void map_anonymous() {
    constexpr std::array<int, 6> extras{0, 0, 0, MAP_NORESERVE, MAP_POPULATE, MAP_STACK};
    const std::size_t pages = pick(16) == 0 ? 512 * (1 + pick(3)) : 1 + pick(16);
    const int sharing = pick(6) == 0 ? MAP_SHARED : MAP_PRIVATE;
    keep(mmap(nullptr, pages * page, any_protection(),
              sharing | MAP_ANONYMOUS | extras[pick(extras.size())], -1, 0),
         pages);
  }

  void map_file() {
    const std::size_t pages = 1 + pick(8);
    const auto offset = static_cast<off_t>(pick(8) * page);
    keep(mmap(nullptr, pages * page, PROT_READ | (maybe() ? PROT_WRITE : 0),
              maybe() ? MAP_PRIVATE : MAP_SHARED, file_, offset),
         pages);
  }

  void map_over() {
    const Piece at = part();
    mmap(at.start, at.pages * page, any_protection(), MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
         0);
  }

  /// By way of the kernel: a page that may not be written is refused, not fatal.
  void touch() {
    const Piece at = part();
    int ends[2];
    if (pipe(ends) != 0) return;
    char byte = 1;
    if (write(ends[1], &byte, 1) == 1 && read(ends[0], at.start, 1) != 1) byte = 0;
    close(ends[0]);
    close(ends[1]);
  }

  void advise() {
    constexpr std::array<int, 14> kinds{
        MADV_DONTNEED, MADV_FREE,       MADV_DONTFORK,   MADV_DOFORK,        MADV_WIPEONFORK,
        MADV_DONTDUMP, MADV_DODUMP,     MADV_HUGEPAGE,   MADV_NOHUGEPAGE,    MADV_RANDOM,
        MADV_NORMAL,   MADV_KEEPONFORK, MADV_SEQUENTIAL, MADV_POPULATE_WRITE};
    const Piece at = part();
    madvise(at.start, at.pages * page, kinds[pick(kinds.size())]);
  }

  void lock() {
    const Piece at = part();
    switch (pick(3)) {
      case 0:
        mlock(at.start, at.pages * page);
        break;
      case 1:
        mlock2(at.start, at.pages * page, MLOCK_ONFAULT);
        break;
      default:
        munlock(at.start, at.pages * page);
    }
  }

  void move() {
    const std::size_t index = pick(pieces_.size());
    Piece& piece = pieces_[index];
    const std::size_t pages = 1 + pick(2 * piece.pages);
    void* at = mremap(piece.start, piece.pages * page, pages * page, MREMAP_MAYMOVE);
    if (at != MAP_FAILED) piece = {static_cast<char*>(at), pages};
  }

  void attach() {
    const int id = shmget(IPC_PRIVATE, (1 + pick(6)) * page, IPC_CREAT | 0600);
    if (id < 0) return;
    void* at = shmat(id, nullptr, maybe() ? SHM_RDONLY : 0);
    shmctl(id, IPC_RMID, nullptr);
    if (at == reinterpret_cast<void*>(-1)) return;
    mprotect(at, page, PROT_READ);
    if (maybe()) shmdt(at);
  }

  void unmap() {
    const std::size_t index = pick(pieces_.size());
    const Piece piece = pieces_[index];
    pieces_.erase(pieces_.begin() + static_cast<std::ptrdiff_t>(index));
    munmap(piece.start, piece.pages * page);
  }

  [[gnu::noinline]] int deepen(int levels) {
    volatile char frame[3 * page];
    frame[0] = static_cast<char>(levels);
    const int below = levels == 0 ? 0 : deepen(levels - 1);
    return below + frame[0];
  }

  /// Only by the worker that is alone: the break belongs to malloc as well.
  void grow_heap() {
    if (!alone_) return;
    void* at = sbrk(static_cast<std::intptr_t>(1 + pick(5000)));
    if (at != reinterpret_cast<void*>(-1) && maybe()) memset(at, 1, 1);
  }

  void fork_child() {
    const pid_t child = fork();
    if (child == 0) {
      run(10);
      _exit(0);
    }
    if (child > 0) waitpid(child, nullptr, 0);
  }

  void step() {
    const bool few = pieces_.size() < 4;
    switch (few ? pick(2) : pick(18)) {
      case 0:
        return map_anonymous();
      case 1:
        return map_file();
      case 2:
        return map_over();
      case 3:
      case 4:
      case 5:
        return touch();
      case 6:
      case 7:
        return protect();
      case 8:
      case 9:
        return advise();
      case 10:
        return lock();
      case 11:
        return move();
      case 12:
        return attach();
      case 13:
        return unmap();
      case 14:
        static_cast<void>(deepen(static_cast<int>(pick(10))));
        return;
      case 15:
        return grow_heap();
      case 16:
        if (pick(8) == 0) fork_child();
        return;
      default:
        return protect();
    }
  }

  void protect() {
    const Piece at = part();
    mprotect(at.start, at.pages * page, any_protection());
  }

  std::mt19937_64 random_;
  int file_;
  bool alone_;
  std::vector<Piece> pieces_;
};

int run_in_shared_space(void* worker) {
  static_cast<Worker*>(worker)->run(30);
  return 0;
}

}  // namespace

int main(int count, char** words) {
  const std::uint64_t seed = count > 1 ? std::strtoull(words[1], nullptr, 0) : 1;
  const int steps = count > 2 ? std::atoi(words[2]) : 200;
  std::printf("memory_mix %llu %d\n", static_cast<unsigned long long>(seed), steps);
  std::fflush(stdout);

  const int file = memfd_create("mix", 0);
  if (file < 0 || ftruncate(file, 32 * page) != 0) return 1;
  Worker first(seed, file, true);
  first.run(steps);

  std::vector<std::thread> threads;
  for (std::uint64_t i = 1; i <= 4; ++i) {
    threads.emplace_back([=] { Worker(seed * 100 + i, file, false).run(steps); });
  }
  for (std::thread& thread : threads) thread.join();

  static std::array<char, 64 * page> stack;
  Worker sharing(seed + 7, file, false);
  const pid_t child =
      clone(run_in_shared_space, stack.data() + stack.size(), CLONE_VM | SIGCHLD, &sharing);
  if (child > 0) waitpid(child, nullptr, 0);
  first.run(steps / 2);
  return 0;
}
