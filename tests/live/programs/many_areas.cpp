// SPDX-License-Identifier: MIT
//
// many_areas COUNT: makes that many areas one by one, changes and cuts some in the midst of all
// others, and removes a third of them. A page of every sixth is touched.
#include <cstdlib>
#include <vector>

#include <sys/mman.h>

namespace {

constexpr std::size_t page = 4096;

/// Areas that touch are kept apart by their protections.
bool make_areas(std::size_t count, std::vector<char*>& areas) {
  for (std::size_t i = 0; i < count; ++i) {
    const int protection = i % 2 == 0 ? PROT_READ | PROT_WRITE : PROT_READ;
    void* at = mmap(nullptr, 3 * page, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) return false;
    areas.push_back(static_cast<char*>(at));
    if (i % 6 == 0) *areas.back() = 1;
  }
  return true;
}

}  // namespace

int main(int count, char** words) {
  const std::size_t wanted = count > 1 ? std::strtoul(words[1], nullptr, 10) : 8000;
  std::vector<char*> areas;
  if (!make_areas(wanted, areas)) return EXIT_FAILURE;
  for (std::size_t i = 0; i < wanted; i += 16) {
    if (mprotect(areas[i], page, PROT_NONE) != 0) return EXIT_FAILURE;
    if (mprotect(areas[i], page, PROT_READ | PROT_WRITE) != 0) return EXIT_FAILURE;
  }
  for (std::size_t i = 0; i < wanted; i += 3) {
    if (munmap(areas[i], 3 * page) != 0) return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
