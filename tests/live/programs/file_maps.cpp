// SPDX-License-Identifier: MIT
//
// Maps a file of its own, shared and private, and remaps it: grown, shrunk, moved over itself and
// over anonymous memory, twice by an old length of 0, several areas at once. Maps /dev/zero, too.
#include <cstdio>
#include <cstdlib>
#include <initializer_list>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace {

constexpr std::size_t page = 4096;

bool remap_file(int file, int type) {
  auto* memory =
      static_cast<char*>(mmap(nullptr, 16 * page, PROT_READ | PROT_WRITE, type, file, 0));
  if (memory == MAP_FAILED) return false;
  for (std::size_t i = 0; i < 16; i += 3) memory[i * page] = 1;
  memory = static_cast<char*>(mremap(memory, 16 * page, 24 * page, MREMAP_MAYMOVE));
  if (memory == MAP_FAILED) return false;
  memory = static_cast<char*>(mremap(memory, 24 * page, 12 * page, 0));
  if (memory == MAP_FAILED) return false;
  if (mprotect(memory + 4 * page, 2 * page, PROT_READ) != 0) return false;
  auto* room =
      static_cast<char*>(mmap(nullptr, 64 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  if (room == MAP_FAILED) return false;
  // Three areas in one call, then back behind each other.
  void* at = mremap(memory, 12 * page, 12 * page, MREMAP_MAYMOVE | MREMAP_FIXED, room + 8 * page);
  if (at == MAP_FAILED) return false;
  mprotect(room + 12 * page, 2 * page, PROT_READ | PROT_WRITE);
  at = mremap(room + 8 * page, 3 * page, 3 * page, MREMAP_MAYMOVE | MREMAP_FIXED, room + 40 * page);
  if (at == MAP_FAILED) return false;
  at = mremap(room + 40 * page, 3 * page, 3 * page, MREMAP_MAYMOVE | MREMAP_FIXED, room + 8 * page);
  if (at == MAP_FAILED) return false;
  if (type == MAP_SHARED) {
    void* twin = mremap(room + 8 * page, 0, 5 * page, MREMAP_MAYMOVE);
    if (twin == MAP_FAILED || munmap(twin, 5 * page) != 0) return false;
  }
  return munmap(room, 64 * page) == 0;
}

/// /dev/zero, whose mappings are memory of three kinds.
bool map_zeroes() {
  const int readable = open("/dev/zero", O_RDONLY | O_CLOEXEC);
  const int writable = open("/dev/zero", O_RDWR | O_CLOEXEC);
  bool good = readable >= 0 && writable >= 0;
  for (const int file : {readable, writable}) {
    for (const int type : {MAP_SHARED, MAP_PRIVATE}) {
      for (int i = 0; i < 2; ++i) {
        void* at = mmap(nullptr, 2 * page, PROT_READ, type, file, 0);
        good = good && at != MAP_FAILED && mprotect(at, page, PROT_NONE) == 0 &&
               mprotect(at, page, PROT_READ) == 0;
      }
    }
  }
  return good;
}

}  // namespace

int main() {
  if (!map_zeroes()) return EXIT_FAILURE;
  std::FILE* file = std::tmpfile();
  if (file == nullptr || ftruncate(fileno(file), 32 * page) != 0) return EXIT_FAILURE;
  const bool good = remap_file(fileno(file), MAP_SHARED) && remap_file(fileno(file), MAP_PRIVATE);
  std::fclose(file);
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
