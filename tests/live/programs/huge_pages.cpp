// SPDX-License-Identifier: MIT
//
// Memory of huge pages, where the machine has some: mapped, cut between huge pages and within one,
// which is refused, and removed.
#include <cstdlib>
#include <initializer_list>

#include <sys/mman.h>

namespace {

constexpr std::size_t page = 4096;
constexpr std::size_t huge_page = std::size_t{1} << 21;

bool use(char* at) {
  at[0] = 1;
  const bool refused = mprotect(at + page, page, PROT_READ) != 0 && munmap(at, page) != 0;
  if (mremap(at, huge_page, 2 * page, 0) != at) return false;  // Within a huge page: as it is.
  mlock(at + page, page);
  munlock(at, 2 * huge_page);
  madvise(at + page, page, MADV_DONTNEED);
  madvise(at, huge_page, MADV_DONTNEED);
  return refused && mprotect(at + huge_page, huge_page, PROT_READ) == 0 &&
         mprotect(at + huge_page, huge_page, PROT_READ | PROT_WRITE) == 0 &&
         munmap(at, huge_page) == 0 && munmap(at + huge_page, huge_page) == 0;
}

}  // namespace

int main() {
  for (const int type : {MAP_PRIVATE, MAP_SHARED}) {
    void* at = mmap(nullptr, 2 * huge_page, PROT_READ | PROT_WRITE,
                    type | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
    if (at == MAP_FAILED) continue;
    if (!use(static_cast<char*>(at))) return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
