// SPDX-License-Identifier: MIT
//
// Touches areas side by side that could be one but for their access, so that they share identities:
// which ones depends on the order, and no file of /proc shows it. Nothing is merged by it.
#include <cstdint>
#include <cstdlib>
#include <initializer_list>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr std::size_t page = 4096;
constexpr int all = PROT_READ | PROT_WRITE;

/// Three areas of a page each.
char* map_three() {
  constexpr int type = MAP_PRIVATE | MAP_ANONYMOUS;
  auto* room = static_cast<char*>(mmap(nullptr, 5 * page, PROT_NONE, type, -1, 0));
  if (room == MAP_FAILED) std::exit(EXIT_FAILURE);
  char* three = room + page;
  const bool is_cut = mprotect(three, page, all) == 0 &&
                      mprotect(three + page, page, all | PROT_EXEC) == 0 &&
                      mprotect(three + 2 * page, page, all) == 0;
  if (!is_cut) std::exit(EXIT_FAILURE);
  return three;
}

void touch(char* three, int number) {
  static_cast<volatile char*>(three)[static_cast<std::size_t>(number) * page] = 1;
}

/// A call that changes nothing.
bool look_at(char* three) {
  return madvise(three, 3 * page, MADV_NORMAL) == 0;
}

}  // namespace

int main() {
  constexpr int orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  bool good = true;
  for (const bool looks_between : {true, false}) {
    for (const auto& order : orders) {
      char* three = map_three();
      for (const int number : order) {
        touch(three, number);
        if (looks_between) good = look_at(three) && good;
      }
      good = look_at(three) && good;
      // What is moved takes its identity along, and what is left keeps it.
      void* moved = mremap(three + page, page, page, MREMAP_MAYMOVE | MREMAP_FIXED, three - page);
      good = moved == three - page && look_at(three - page) == false && good;
    }
  }
  char* three = map_three();
  touch(three, 1);
  if (const pid_t child = fork(); child != 0) {
    good = waitpid(child, nullptr, 0) == child && good;
  } else {
    touch(three, 0);
    good = look_at(three) && good;
    touch(three, 2);
    _exit(look_at(three) && good ? EXIT_SUCCESS : EXIT_FAILURE);
  }
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
