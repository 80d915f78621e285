// SPDX-License-Identifier: MIT
//
// One call by the 32-bit door in the midst of 64-bit ones, then memory calls and a child. Answers 0
// if all went as it should.
#include <cstdlib>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr std::size_t page = 4096;

int process_by_the_32_bit_door() {
  constexpr int getpid_32 = 20;
  int answer = getpid_32;
  asm volatile("int $0x80" : "+a"(answer) : : "r8", "r9", "r10", "r11", "memory");
  return answer;
}

bool maps() {
  void* memory =
      mmap(nullptr, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return false;
  *static_cast<volatile char*>(memory) = 'x';
  return mprotect(memory, page, PROT_READ) == 0 && munmap(memory, 3 * page) == 0;
}

bool child_maps() {
  const pid_t child = fork();
  if (child == 0) _exit(maps() ? 0 : 1);
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

}  // namespace

int main() {
  const bool good = maps() && process_by_the_32_bit_door() == getpid() && maps() && child_maps();
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
