// SPDX-License-Identifier: MIT
//
// Chunks in huge pages, for hosts with very many areas: a search that is in no cache then waits for
// memory alone, and not for page tables as well.
//
//   struct Guest : UserlandOf<Guest, PoolMemoryFrom<HugeChunks>> {};
//
// Where the system has no huge pages the chunks are the same in small ones. Each pool takes 2 MiB
// at least. What is smaller than a huge page comes from the heap.
#pragma once

#include <cstddef>
#include <cstdint>

#include <sys/mman.h>
#include <vmarea_shims/pool_memory.hpp>

namespace vmarea::shims {

/// Linux, and other systems with mmap.
struct HugeChunks {
  static constexpr std::size_t huge_page_bytes = std::size_t{2} << 20;
  static constexpr std::size_t first_chunk_bytes = huge_page_bytes;
  static constexpr std::size_t chunk_bytes_min = huge_page_bytes;
  static constexpr std::size_t chunk_bytes_max = huge_page_bytes;
  /// What is larger fills a huge page but for the rest behind its last block.
  static constexpr std::size_t mapped_above_bytes = huge_page_bytes / 2;

  static void* allocate(std::size_t bytes, std::size_t alignment) noexcept {
    if (bytes <= mapped_above_bytes) return HeapMemory::allocate(bytes, alignment);
    const std::size_t mapped = 2 * huge_page_bytes;
    void* const given =
        mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (given == MAP_FAILED) return nullptr;
    char* const start = static_cast<char*>(given);
    const std::size_t below =
        (huge_page_bytes - reinterpret_cast<std::uintptr_t>(start) % huge_page_bytes) %
        huge_page_bytes;
    if (below != 0) (void)munmap(start, below);
    (void)munmap(start + below + huge_page_bytes, huge_page_bytes - below);
#ifdef MADV_HUGEPAGE
    (void)madvise(start + below, huge_page_bytes, MADV_HUGEPAGE);  // Refused: small pages.
#endif
    return start + below;
  }
  static void release(void* chunk, std::size_t bytes, std::size_t alignment) noexcept {
    if (bytes <= mapped_above_bytes) return HeapMemory::release(chunk, bytes, alignment);
    (void)munmap(chunk, huge_page_bytes);
  }
};

}  // namespace vmarea::shims
