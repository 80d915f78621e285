// SPDX-License-Identifier: MIT
//
// Tries to map files that cannot be mapped, though they look like ordinary ones; also over memory
// that is there.
#include <cstdlib>
#include <initializer_list>

#include <fcntl.h>
#include <mqueue.h>
#include <sys/mman.h>
#include <unistd.h>

namespace {

constexpr std::size_t page = 4096;

bool try_to_map(int file) {
  if (file < 0) return true;  // Not here.
  void* room = mmap(nullptr, 3 * page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (room == MAP_FAILED) return false;
  char* middle = static_cast<char*>(room) + page;
  const bool refused =
      mmap(nullptr, page, PROT_READ, MAP_PRIVATE, file, 0) == MAP_FAILED &&
      mmap(nullptr, page, PROT_READ, MAP_SHARED, file, 0) == MAP_FAILED &&
      mmap(middle, page, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, 0) == MAP_FAILED;
  close(file);
  return refused && munmap(room, 3 * page) == 0;
}

int make_message_queue() {
  const int queue = mq_open("/vmarea_unmappable", O_RDWR | O_CREAT, 0600, nullptr);
  if (queue >= 0) mq_unlink("/vmarea_unmappable");
  return queue;
}

}  // namespace

int main() {
  bool good = try_to_map(make_message_queue());
  for (const char* path :
       {"/proc/self/ns/mnt", "/proc/self/ns/pid", "/sys/fs/cgroup/cpu/tasks",
        "/sys/fs/cgroup/pids/cgroup.procs", "/sys/fs/cgroup/cgroup.procs",
        "/sys/kernel/security/lsm", "/proc/sys/fs/binfmt_misc/status", "/proc/self/maps"}) {
    good = try_to_map(open(path, O_RDONLY | O_CLOEXEC)) && good;
  }
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
