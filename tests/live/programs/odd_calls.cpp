// SPDX-License-Identifier: MIT
//
// Memory calls that ordinary programs seldom make: devices, drivers, policies, odd flags, refused
// arguments. Made to be followed; what this machine refuses is refused for both.
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <initializer_list>

#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr std::size_t page = 4096;
constexpr int all = PROT_READ | PROT_WRITE;
constexpr int anonymous = MAP_PRIVATE | MAP_ANONYMOUS;

char* map(std::size_t pages, int protection = all, int flags = anonymous, int file = -1,
          off_t offset = 0) {
  return static_cast<char*>(mmap(nullptr, pages * page, protection, flags, file, offset));
}

void write_to(char* at) {
  if (at != MAP_FAILED) *static_cast<volatile char*>(at) = 1;
}

void devices() {
  const int zero = open("/dev/zero", O_RDWR);
  char* first = map(8, all, MAP_PRIVATE, zero);
  char* second = map(8, all, MAP_PRIVATE, zero, 8 * page);
  write_to(second + page);
  mprotect(first + page, page, PROT_READ);
  mremap(second, 8 * page, 16 * page, MREMAP_MAYMOVE);
  map(4, all, MAP_SHARED, zero);
  map(1024, all, MAP_PRIVATE, zero);
  for (const char* name : {"/dev/null", "/proc/self/maps", "/", "/dev/urandom", "/proc/version"}) {
    const int file = open(name, O_RDONLY);
    map(1, PROT_READ, MAP_PRIVATE, file);
    close(file);
  }
  for (const int file : {socket(AF_INET, SOCK_STREAM, 0), open("/tmp", O_PATH), 12345}) {
    map(1, PROT_READ, MAP_SHARED, file);
    close(file);
  }
  constexpr long memfd_secret = 447;
  const auto secret = static_cast<int>(syscall(memfd_secret, 0));
  if (secret >= 0 && ftruncate(secret, 4 * page) == 0) map(4, all, MAP_SHARED, secret);
  int ends[2];
  if (pipe(ends) == 0) map(1, PROT_READ, MAP_PRIVATE, ends[0]);
}

void files() {
  const int file = open("/proc/self/exe", O_RDONLY);
  char* one = map(4, PROT_READ, MAP_PRIVATE, file);
  munmap(one + 2 * page, 2 * page);
  mmap(one + 2 * page, 2 * page, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, 2 * page);
  const int again = open("/proc/self/exe", O_RDONLY);
  mmap(one + page, page, PROT_READ, MAP_PRIVATE | MAP_FIXED, again, page);
  map(1, all, MAP_SHARED, file);
  map(1, PROT_READ, MAP_SHARED, file);
  const int sealed = memfd_create("sealed", MFD_ALLOW_SEALING);
  if (ftruncate(sealed, 8 * page) != 0) return;
  char* shared = map(8, all, MAP_SHARED, sealed);
  remap_file_pages(shared, 2 * page, 0, 5, 0);
  munmap(shared, 8 * page);
  fcntl(sealed, F_ADD_SEALS, F_SEAL_WRITE);
  map(8, all, MAP_SHARED, sealed);
  map(8, PROT_READ, MAP_SHARED, sealed);
  write_to(map(8, all, MAP_PRIVATE, sealed));
}

void placement() {
  map(512);
  map(513);
  map(1024, PROT_NONE, anonymous | MAP_NORESERVE | MAP_STACK);
  map(3, all, anonymous | MAP_32BIT);
  map(3, all, anonymous | 0x80);  // MAP_ABOVE4G
  map(1, all, anonymous | MAP_GROWSDOWN);
  map(1);
  map(512, all, anonymous | MAP_HUGETLB);
  mmap(reinterpret_cast<void*>(0x100001), page, all, anonymous, -1, 0);
  mmap(reinterpret_cast<void*>(0x100), page, all, anonymous, -1, 0);
  mmap(reinterpret_cast<void*>(0x200000000000), page, all, anonymous | MAP_FIXED, -1, 0);
  mmap(reinterpret_cast<void*>(0x200000000000), page, all, anonymous | MAP_FIXED_NOREPLACE, -1, 0);
  map(std::size_t{1} << 36);
  map(0);
  map(1, all, MAP_ANONYMOUS);
  map(1, all, MAP_SHARED_VALIDATE | MAP_ANONYMOUS);
  map(2, all, 0x8 | MAP_ANONYMOUS);  // MAP_DROPPABLE
}

void locks() {
  char* at = map(16);
  mlock(at, 4 * page);
  mlock2(at + 6 * page, 2 * page, MLOCK_ONFAULT);
  mlock2(at, page, 7);
  mlockall(MCL_FUTURE | MCL_ONFAULT);
  map(4);
  mlockall(MCL_CURRENT);
  munlockall();
  mlockall(0);
  mlockall(MCL_FUTURE);
  map(2, all, 0x8 | MAP_ANONYMOUS);  // MAP_DROPPABLE
  map(2, all, 0x8 | MAP_ANONYMOUS | MAP_LOCKED);
  shmdt(shmat(shmget(IPC_PRIVATE, page, IPC_CREAT | 0600), nullptr, 0));
  sbrk(page);
  munlockall();
}

void policies() {
  char* at = map(8);
  unsigned long nodes = 1;
  constexpr int bind = 2;
  syscall(SYS_mbind, at + 2 * page, 2 * page, bind, &nodes, 64UL, 0);
  mprotect(at, 8 * page, PROT_READ);
  mprotect(at, 8 * page, all);
  syscall(SYS_mbind, at, 8 * page, 0, nullptr, 0UL, 0);
  constexpr int set_name = 0x53564d41;
  prctl(set_name, 0, at, 2 * page, "name");
  map(1);
}

void drivers() {
  aio_context_t context = 0;
  if (syscall(SYS_io_setup, 8, &context) == 0) {
    map(1);
    syscall(SYS_io_destroy, context);
  }
  const auto faults = static_cast<int>(syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY));
  if (faults >= 0) {
    uffdio_api api{.api = UFFD_API, .features = 0, .ioctls = 0};
    char* at = map(8);
    uffdio_register range{.range = {reinterpret_cast<std::uintptr_t>(at + 2 * page), 2 * page},
                          .mode = UFFDIO_REGISTER_MODE_MISSING,
                          .ioctls = 0};
    if (ioctl(faults, UFFDIO_API, &api) == 0 && ioctl(faults, UFFDIO_REGISTER, &range) == 0) {
      mprotect(at, 8 * page, PROT_READ);
      map(1);
      ioctl(faults, UFFDIO_UNREGISTER, &range.range);
      mprotect(at, 8 * page, all);
    }
    close(faults);
  }
  map(1);
}

void advice() {
  char* at = map(16);
  write_to(at + 5 * page);
  for (int kind : {MADV_COLD, MADV_PAGEOUT, MADV_WILLNEED, MADV_MERGEABLE, MADV_UNMERGEABLE, 102,
                   103, 25, MADV_REMOVE, 99, MADV_POPULATE_READ, MADV_POPULATE_WRITE}) {
    madvise(at + 4 * page, 4 * page, kind);
  }
  madvise(at + 1, page, MADV_DONTNEED);
  munmap(at + 8 * page, page);
  madvise(at, 16 * page, MADV_DONTDUMP);
  mprotect(at, 16 * page, PROT_READ);
  const auto self = static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0));
  std::array<iovec, 2> ranges{{{at, page}, {at + 2 * page, page}}};
  syscall(SYS_process_madvise, self, ranges.data(), ranges.size(), MADV_COLD, 0);
  close(self);
}

void moves() {
  char* at = map(8);
  write_to(at);
  char* room = map(64, PROT_NONE);
  mremap(at, 8 * page, 8 * page, MREMAP_MAYMOVE | MREMAP_FIXED, room + 8 * page);
  constexpr int dont_unmap = 4;
  mremap(room + 8 * page, 8 * page, 8 * page, MREMAP_MAYMOVE | dont_unmap, 0);
  mremap(room, 16 * page, 4 * page, 0);
  mremap(room, 0, 4 * page, MREMAP_MAYMOVE);
  char* shared = map(4, all, MAP_SHARED | MAP_ANONYMOUS);
  mremap(shared, 0, 4 * page, MREMAP_MAYMOVE);
  mremap(shared, 4 * page, 8 * page, MREMAP_MAYMOVE);
  mremap(nullptr, page, page, 0x80);
}

void segments() {
  const int id = shmget(IPC_PRIVATE, 8 * page, IPC_CREAT | 0600);
  auto* at = static_cast<char*>(shmat(id, nullptr, 0));
  mprotect(at + 2 * page, page, PROT_READ);
  mprotect(at + 2 * page, page, all);
  shmat(id, nullptr, SHM_EXEC | SHM_RDONLY);
  shmat(id, at, 0);
  shmat(id, at + 1, SHM_RND | SHM_REMAP);
  shmat(-1, nullptr, 0);
  shmdt(at);
  shmdt(at);
  shmctl(id, IPC_RMID, nullptr);
}

void limits() {
  const rlimit small{64u << 20, RLIM_INFINITY};
  if (fork() != 0) {
    wait(nullptr);
    return;
  }
  setrlimit(RLIMIT_AS, &small);
  map(32768);
  map(1024);
  setrlimit(RLIMIT_DATA, &small);
  map(16000);
  sbrk(1 << 20);
  _exit(0);
}

void children() {
  for (int i = 0; i < 3; ++i) {
    pid_t child = 0;
    char name[] = "true";
    char* words[] = {name, nullptr};
    char* none[] = {nullptr};
    posix_spawnp(&child, name, nullptr, nullptr, words, none);
    waitpid(child, nullptr, 0);
    map(2);
  }
}

void seals() {
  constexpr long mseal = 462;
  if (fork() != 0) {
    wait(nullptr);
    return;
  }
  char* at = map(8);
  syscall(mseal, at + 2 * page, 2 * page, 0);
  munmap(at, 8 * page);
  mprotect(at, 8 * page, PROT_READ);
  madvise(at + 2 * page, page, MADV_DONTNEED);
  mremap(at + 2 * page, page, 2 * page, MREMAP_MAYMOVE);
  _exit(0);
}

[[maybe_unused]] void same_page_merging() {
  constexpr int set_merge = 67;
  char* at = map(8);
  madvise(at, 2 * page, MADV_MERGEABLE);
  prctl(set_merge, 1, 0, 0, 1);
  prctl(set_merge, 1, 0, 0, 0);
  map(2);
  map(2, all, MAP_SHARED | MAP_ANONYMOUS);
  map(2, all, 0x8 | MAP_ANONYMOUS);  // MAP_DROPPABLE
  const int zero = open("/dev/zero", O_RDWR | O_CLOEXEC);
  char* two = static_cast<char*>(mmap(nullptr, 2 * page, all, MAP_PRIVATE, zero, 0));
  mmap(two + page, page, all, MAP_PRIVATE | MAP_FIXED, zero, page);
  close(zero);
  sbrk(2 * page);
  madvise(at + 4 * page, 2 * page, MADV_UNMERGEABLE);
  children();
  prctl(set_merge, 0, 0, 0, 0);
  map(2);
}

void executable_heap() {
  if (fork() != 0) {
    wait(nullptr);
    return;
  }
  sbrk(page);
  personality(READ_IMPLIES_EXEC);
  sbrk(2 * page);
  map(1, PROT_READ);
  if (fork() == 0) {
    sbrk(page);
    _exit(0);
  }
  wait(nullptr);
  personality(0);
  sbrk(page);
  _exit(0);
}

void written_memory_is_not_executed() {
  constexpr int set_write_exec = 65;
  if (fork() != 0) {
    wait(nullptr);
    return;
  }
  constexpr int execute = PROT_READ | PROT_EXEC;
  char* code = map(4, execute);
  prctl(set_write_exec, 2, 0, 0, 0);
  prctl(set_write_exec, 3, 0, 0, 0);
  prctl(set_write_exec, 1, 0, 0, 0);
  mprotect(code, 2 * page, PROT_EXEC);
  mprotect(code, page, all);
  mprotect(code, page, execute);
  map(2, all | PROT_EXEC);
  char* at = map(2);
  mprotect(at, page, execute);
  if (fork() == 0) {
    map(2, all | PROT_EXEC);
    _exit(0);
  }
  wait(nullptr);
  _exit(0);
}

}  // namespace

int main() {
  devices();
  files();
  placement();
  locks();
  policies();
  drivers();
  advice();
  moves();
  segments();
  limits();
  children();
  seals();
#ifndef __SANITIZE_ADDRESS__
  // To switch it off, Linux walks every page of the sanitizer's shadow: four minutes.
  same_page_merging();
#endif
  executable_heap();
  written_memory_is_not_executed();
  std::puts("odd_calls: done");
  return 0;
}
