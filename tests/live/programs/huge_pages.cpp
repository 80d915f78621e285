// SPDX-License-Identifier: MIT
//
// Memory of huge pages, with pages where the machine has some, and without, which any machine has:
// mapped, cut between huge pages and within one, which is refused, moved and removed.
#include <cstdlib>
#include <initializer_list>

#include <sys/mman.h>

namespace {

constexpr std::size_t page = 4096;
constexpr std::size_t huge_page = std::size_t{1} << 21;

/// The last huge page goes elsewhere, and away.
bool move(char* at) {
  char* const to = at - 4 * huge_page;
  constexpr int fixed = MREMAP_MAYMOVE | MREMAP_FIXED;
  if (mremap(at, page, page, fixed, to + page) != MAP_FAILED) return false;
  if (mremap(at, huge_page, 2 * huge_page, MREMAP_MAYMOVE) != MAP_FAILED) return false;
  return mremap(at, page, page, fixed, to) == to && munmap(to, huge_page) == 0;
}

bool use(char* at) {
  const bool refused = mprotect(at + page, page, PROT_READ) != 0 && munmap(at, page) != 0;
  if (mremap(at, huge_page, 2 * page, 0) != at) return false;  // Within a huge page: as it is.
  mlock(at + page, page);                                      // Refused without pages.
  munlock(at, 2 * huge_page);
  madvise(at + page, page, MADV_DONTNEED);
  madvise(at, huge_page, MADV_DONTNEED);
  return refused && mprotect(at + huge_page, huge_page, PROT_READ) == 0 &&
         mprotect(at + huge_page, huge_page, PROT_READ | PROT_WRITE) == 0 &&
         munmap(at, huge_page) == 0 && move(at + huge_page);
}

}  // namespace

int main() {
  constexpr std::size_t length = 8 * huge_page;
  for (const int type : {MAP_PRIVATE, MAP_SHARED}) {
    for (const int reserve : {0, MAP_NORESERVE}) {
      const int flags = type | reserve | MAP_ANONYMOUS | MAP_HUGETLB;
      void* at = mmap(nullptr, length - page, PROT_READ | PROT_WRITE, flags, -1, 0);
      if (at == MAP_FAILED) continue;
      char* const last = static_cast<char*>(at) + length - 2 * huge_page;
      if (reserve == 0) last[0] = 1;
      if (munmap(at, length - 2 * huge_page) != 0 || !use(last)) return EXIT_FAILURE;
    }
  }
  return EXIT_SUCCESS;
}
