// SPDX-License-Identifier: MIT
//
// Calls that last until another thread of the same process has answered a userfaultfd: it brings
// the pages that one asks for, and reads that memory was removed.
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <thread>

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

constexpr std::size_t page = 4096;
constexpr int populate_write = 23;

alignas(page) char filled[page] = {1};
std::atomic<int> removals{0};

/// Until the memory is removed.
void answer(int file) {
  uffd_msg message{};
  while (read(file, &message, sizeof message) == sizeof message) {
    if (message.event == UFFD_EVENT_UNMAP) {
      ++removals;
      return;
    }
    uffdio_copy copy{};
    copy.dst = message.arg.pagefault.address & ~std::uint64_t{page - 1};
    copy.src = reinterpret_cast<std::uint64_t>(filled);
    copy.len = page;
    ioctl(file, UFFDIO_COPY, &copy);
  }
}

}  // namespace

int main() {
  const auto file = static_cast<int>(syscall(SYS_userfaultfd, O_CLOEXEC));
  if (file < 0) return errno == EPERM || errno == ENOSYS ? EXIT_SUCCESS : EXIT_FAILURE;
  uffdio_api api{};
  api.api = UFFD_API;
  api.features = UFFD_FEATURE_EVENT_UNMAP;
  if (ioctl(file, UFFDIO_API, &api) != 0) return EXIT_SUCCESS;
  void* at = mmap(nullptr, 8 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  uffdio_register wanted{};
  wanted.range = {reinterpret_cast<std::uint64_t>(at), 8 * page};
  wanted.mode = UFFDIO_REGISTER_MODE_MISSING;
  if (ioctl(file, UFFDIO_REGISTER, &wanted) != 0) return EXIT_FAILURE;
  std::thread handler(answer, file);
  char* memory = static_cast<char*>(at);
  bool good = memory[page] == 0 || memory[0] == 1;
  good = madvise(memory + 4 * page, 4 * page, populate_write) == 0 && good;
  good = mlock(memory + page, 2 * page) == 0 && munlock(memory + page, 2 * page) == 0 && good;
  good = munmap(memory, 8 * page) == 0 && good;
  handler.join();
  return good && removals == 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
