// SPDX-License-Identifier: MIT
//
// Chunks in huge pages: each is a whole one, and the system is told that it should be.
#include <cstdint>
#include <cstring>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>
#include <vmarea_shims/huge_chunks.hpp>
#include <vmarea_shims/proc/smaps_parser.hpp>

#include "unit/imported.hpp"

namespace vmarea::test {
namespace {

using shims::HugeChunks;

constexpr std::size_t huge = HugeChunks::huge_page_bytes;
const std::size_t small = static_cast<std::size_t>(getpagesize());

/// Pages of this process, as the system counts them.
std::size_t mapped_pages() {
  std::ifstream file("/proc/self/statm");
  std::size_t pages = 0;
  file >> pages;
  return pages;
}

TEST(HugeChunks, are_whole_huge_pages_and_nothing_else) {
  const std::size_t before = mapped_pages();
  auto* const chunk = static_cast<char*>(HugeChunks::allocate(huge, 64));
  ASSERT_NE(chunk, nullptr);
  EXPECT_EQ(mapped_pages() - before, huge / small);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(chunk) % huge, 0u);
  EXPECT_EQ(msync(chunk, huge, MS_ASYNC), 0) << "from its start to its end";
  std::memset(chunk, 1, huge);
  HugeChunks::release(chunk, huge, 64);
  EXPECT_EQ(mapped_pages(), before);
}

/// Whether the system takes the advice at all.
bool has_huge_pages() {
#ifdef MADV_HUGEPAGE
  void* const page = mmap(nullptr, small, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const bool taken = madvise(page, small, MADV_HUGEPAGE) == 0;
  munmap(page, small);
  return taken;
#else
  return false;
#endif
}

TEST(HugeChunks, ask_for_huge_pages) {
  if (!has_huge_pages()) GTEST_SKIP() << "no huge pages";
  void* const chunk = HugeChunks::allocate(huge, 64);
  ASSERT_NE(chunk, nullptr);
  const std::string text = read_proc("/proc/self/smaps");
  const shims::ProcText parsed = shims::parse_smaps(text);
  const auto at = reinterpret_cast<Address>(chunk);
  bool found = false;
  for (const shims::ProcArea& area : parsed.areas) {
    if (!area.range().contains(at)) continue;
    found = true;
    EXPECT_TRUE(area.fields.flags.has_any(flag::huge_page));
  }
  EXPECT_TRUE(found);
  HugeChunks::release(chunk, huge, 64);
}

}  // namespace
}  // namespace vmarea::test
