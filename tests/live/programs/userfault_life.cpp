// SPDX-License-Identifier: MIT
//
// What a userfaultfd watched and does not watch any more: after it was told so, after its last
// descriptor was closed, and after the exit and the exec of the process that held it last. Memory
// that was kept apart by it joins again.
#include <cerrno>
#include <cstdint>
#include <cstdlib>

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr std::size_t page = 4096;

int open_userfault() {
  const auto file = static_cast<int>(syscall(SYS_userfaultfd, O_CLOEXEC | 1));
  uffdio_api api{};
  api.api = UFFD_API;
  return file >= 0 && ioctl(file, UFFDIO_API, &api) == 0 ? file : -1;
}

char* map_pages(std::size_t count, char* at = nullptr) {
  constexpr int type = MAP_PRIVATE | MAP_ANONYMOUS;
  void* mapped = mmap(at, count * page, PROT_READ | PROT_WRITE,
                      at != nullptr ? type | MAP_FIXED : type, -1, 0);
  return mapped == MAP_FAILED ? nullptr : static_cast<char*>(mapped);
}

bool watch(int file, char* at, std::size_t count) {
  uffdio_register wanted{};
  wanted.range = {reinterpret_cast<std::uint64_t>(at), count * page};
  wanted.mode = UFFDIO_REGISTER_MODE_MISSING;
  return ioctl(file, UFFDIO_REGISTER, &wanted) == 0;
}

bool unwatch(int file, char* at, std::size_t count) {
  uffdio_range range{reinterpret_cast<std::uint64_t>(at), count * page};
  return ioctl(file, UFFDIO_UNREGISTER, &range) == 0;
}

/// What was watched for a while goes and comes again, beside what was not.
bool come_again(int file) {
  char* at = map_pages(8);
  return at != nullptr && watch(file, at, 4) && unwatch(file, at, 4) && munmap(at, 4 * page) == 0 &&
         map_pages(4, at) == at && munmap(at, 8 * page) == 0;
}

/// Two that watch neighbours, of which one is closed.
bool close_one() {
  const int first = open_userfault();
  const int second = open_userfault();
  char* at = map_pages(12);
  if (at == nullptr || !watch(first, at, 4) || !watch(second, at + 4 * page, 4)) return false;
  if (dup2(second, 100) != 100) return false;
  close(second);  // Not its last descriptor.
  if (mprotect(at + page, page, PROT_READ) != 0) return false;
  close(100);
  if (mprotect(at + page, page, PROT_READ | PROT_WRITE) != 0) return false;
  close(first);
  return mprotect(at + 5 * page, page, PROT_READ) == 0 && munmap(at, 12 * page) == 0;
}

/// A child holds it last.
bool outlive_holder(bool by_exec) {
  const int file = open_userfault();
  char* at = map_pages(8);
  int gone[2];
  if (at == nullptr || !watch(file, at, 4) || pipe2(gone, O_CLOEXEC) != 0) return false;
  const pid_t child = fork();
  if (child == 0) {
    // The child's end of the pipe is closed together with what it holds.
    if (by_exec) execl("/bin/sh", "sh", "-c", "sleep 0.2", static_cast<char*>(nullptr));
    _exit(0);
  }
  close(file);
  close(gone[1]);
  char none = 0;
  if (read(gone[0], &none, 1) != 0) return false;
  close(gone[0]);
  usleep(50'000);
  const bool good = mprotect(at + 6 * page, page, PROT_READ) == 0 && munmap(at, 8 * page) == 0;
  return good && waitpid(child, nullptr, 0) == child;
}

/// Memory that is moved is watched no longer, for nothing else was asked for.
bool move_away(int file) {
  char* at = map_pages(8);
  char* to = map_pages(8);
  if (at == nullptr || to == nullptr || !watch(file, at, 8)) return false;
  void* moved = mremap(at, 4 * page, 4 * page, MREMAP_MAYMOVE | MREMAP_FIXED, to);
  return moved == to && munmap(to, 8 * page) == 0 && munmap(at + 4 * page, 4 * page) == 0;
}

}  // namespace

int main() {
  const int file = open_userfault();
  if (file < 0) return errno == EPERM || errno == ENOSYS ? EXIT_SUCCESS : EXIT_FAILURE;
  const bool good = come_again(file) && close_one() && outlive_holder(false) &&
                    outlive_holder(true) && move_away(file);
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
