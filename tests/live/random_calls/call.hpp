// SPDX-License-Identifier: MIT
//
// One call of a random sequence, as plain numbers: the same value is executed on the kernel and on
// an address space of ours. A kind says why the call was made (what --kinds names and what is
// counted), an operation says which system call it is. Several kinds share one operation.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vmarea::live {

inline constexpr std::uint64_t page = 4096;

/// Everything happens in [arena_start, arena_start + arena_pages): nothing else is mapped near it,
/// and it holds no whole huge page.
inline constexpr std::uint64_t arena_start = 0x2000'0000'0000;
inline constexpr std::uint64_t arena_pages = 400;
inline constexpr std::uint64_t arena_end = arena_start + arena_pages * page;

enum class Kind : std::uint8_t {
  // Anonymous private memory, always in place.
  map,
  unmap,
  protect,
  write,
  read,
  // Other mappings.
  noreplace,
  shared,
  file,
  populate,
  stack,
  droppable,
  // mremap.
  resize,
  move,
  keep,
  duplicate,
  // Advice, locks, seals.
  advise,
  discard,
  guard,
  lock,
  lock_on_fault,
  unlock,
  seal,
  // Arguments that a program should not pass.
  bad,
  // Goes on in a child, or lets a child come and go.
  fork,
};
inline constexpr unsigned kind_count = static_cast<unsigned>(Kind::fork) + 1;

/// A set of kinds, one bit each.
using Kinds = std::uint32_t;
constexpr Kinds kind_bit(Kind kind) {
  return Kinds{1} << static_cast<unsigned>(kind);
}
constexpr bool has_kind(Kinds kinds, Kind kind) {
  return (kinds & kind_bit(kind)) != 0;
}
inline constexpr Kinds all_kinds = (Kinds{1} << kind_count) - 1;
/// What the first version of the library can do.
inline constexpr Kinds basic_kinds = kind_bit(Kind::map) | kind_bit(Kind::unmap) |
                                     kind_bit(Kind::protect) | kind_bit(Kind::write) |
                                     kind_bit(Kind::read);
unsigned count_kinds(Kinds kinds);
std::string_view name_of(Kind kind);
/// "all", "basic", or names joined by commas; a leading minus takes a kind away. False: unknown
/// name.
bool parse_kinds(std::string_view text, Kinds& kinds);
/// The shortest text that parse_kinds understands.
std::string text_of(Kinds kinds);

enum class Operation : std::uint8_t {
  mmap,
  munmap,
  mprotect,
  mremap,
  madvise,
  mlock,
  mlock_on_fault,
  munlock,
  mseal,
  read,
  write,
  fork,
};

/// Whose side of a fork goes on.
enum class ForkGoesOn : std::uint32_t { in_child, in_parent };

/// Files that mappings use; other_open is first opened a second time, read_only likewise.
enum class File : std::int8_t { none = -1, first, other_open, second, read_only };
inline constexpr unsigned file_count = 4;

struct Call {
  Kind kind = Kind::map;
  Operation operation = Operation::mmap;
  File file = File::none;
  std::uint32_t protection = 0;
  std::uint32_t flags = 0;  // MAP_*, MREMAP_* or ForkGoesOn.
  std::int32_t advice = 0;
  std::uint64_t address = 0;
  std::uint64_t length = 0;
  std::uint64_t new_length = 0;
  std::uint64_t new_address = 0;
  std::uint64_t offset = 0;
};

using Sequence = std::vector<Call>;

/// The call as a reader would write it, pages of the arena as +number.
std::string describe(const Call& call);
/// The result of a call that was left out.
inline constexpr std::int64_t skipped = INT64_MIN;
/// 0 or an address, or the name of the error.
std::string describe_result(Operation operation, std::int64_t result);

}  // namespace vmarea::live
