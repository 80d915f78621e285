// SPDX-License-Identifier: MIT
//
// A process whose first thread ends, and whose second then replaces the program: it takes the id of
// the first. The new program answers 0.
#include <cstdlib>
#include <thread>

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int count, char** words) {
  if (count > 1) return EXIT_SUCCESS;
  std::thread([words] {
    usleep(50'000);
    void* memory = mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) _exit(EXIT_FAILURE);
    execl(words[0], words[0], "again", nullptr);
    _exit(EXIT_FAILURE);
  }).detach();
  pthread_exit(nullptr);
}
