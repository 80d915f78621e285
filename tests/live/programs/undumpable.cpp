// SPDX-License-Identifier: MIT
//
// A process that says it may not be read, then maps a file and makes a thread and children. Answers
// 0 if all went well.
#include <cstdlib>
#include <thread>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

bool maps(const char* path) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  void* memory = mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE, file, 0);
  close(file);
  return memory != MAP_FAILED && munmap(memory, 4096) == 0;
}

bool child_maps(const char* path) {
  const pid_t child = fork();
  if (child == 0) _exit(maps(path) ? 0 : 1);
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

}  // namespace

int main(int, char** words) {
  const char* const path = words[0];
  if (!maps(path) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return EXIT_FAILURE;
  bool thread_good = false;
  std::thread([&] { thread_good = maps(path); }).join();
  return thread_good && child_maps(path) && maps(path) ? EXIT_SUCCESS : EXIT_FAILURE;
}
