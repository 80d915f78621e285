// SPDX-License-Identifier: MIT
//
// One call of a random sequence, as plain numbers: the same value is executed on the kernel and on
// an address space of ours. A kind says why the call was made (what --kinds names and what is
// counted), an operation says which system call it is. Several kinds share one operation.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "live/random_calls/arena.hpp"

namespace vmarea::live {

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
  huge_tlb,
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
  // Where the kernel chooses the address, the heap, and what limits both.
  place,
  window,
  heap,
  limit,
  // What areas carry with them.
  userfault,
  policy,
  // System V segments: attached, made longer, cut, detached.
  segment,
  // What concerns all memory of a process.
  lock_all,
  merge_pages,
  deny_write_exec,
  imply_exec,
  soft_dirty,
  // What the kernel reads or writes for a program.
  copy,
  // Checks of areas that change none.
  sync,
  in_core,
  // Calls that are made of others.
  advise_several,
  remap_file,
  protect_key,
  // Arguments that a program should not pass.
  bad,
  // Goes on in a child, or lets a child come and go.
  fork,
};
inline constexpr unsigned kind_count = static_cast<unsigned>(Kind::fork) + 1;

/// A set of kinds, one bit each.
using Kinds = std::uint64_t;
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
/// What is compared in this shape: a process that holds a crowd is too large to be forked for every
/// sequence, or to be locked as a whole.
constexpr Kinds kinds_of(const Shape& shape) {
  Kinds kinds = all_kinds;
  if (shape.crowd != 0) {
    kinds &= ~(kind_bit(Kind::fork) | kind_bit(Kind::seal) | kind_bit(Kind::lock_all) |
               kind_bit(Kind::merge_pages) | kind_bit(Kind::deny_write_exec) |
               kind_bit(Kind::soft_dirty));
  }
  if (!shape.holds_huge_pages()) kinds &= ~kind_bit(Kind::huge_tlb);
  if (!Shape::compares_placement) {
    // A sanitizer's shadow is too large to be walked as a whole.
    kinds &= ~(kind_bit(Kind::huge_tlb) | kind_bit(Kind::place) | kind_bit(Kind::window) |
               kind_bit(Kind::heap) | kind_bit(Kind::limit) | kind_bit(Kind::lock_all) |
               kind_bit(Kind::merge_pages));
  }
  return kinds;
}

enum class Naming : std::uint8_t { shortest, in_full };
/// A text that parse_kinds understands.
std::string text_of(Kinds kinds, Naming naming = Naming::shortest);

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
  brk,
  set_heap,    // Puts start and end of the heap at an address, as a loader does.
  limit,       // setrlimit.
  lock_right,  // Takes the right to lock any amount away, or gives it back.
  userfault_register,
  userfault_unregister,
  userfault_close,
  mbind,
  mlockall,
  munlockall,
  memory_merge,      // PR_SET_MEMORY_MERGE.
  deny_write_exec,   // PR_SET_MDWE.
  imply_exec,        // The personality READ_IMPLIES_EXEC.
  clear_soft_dirty,  // 4 written to /proc/self/clear_refs.
  copy_from,         // A call that reads the range, as write(2) does.
  copy_to,           // One that writes it, as read(2) does.
  msync,
  mincore,
  process_madvise,  // Of one range or two; the flags say how many.
  remap_file_pages,
  pkey_mprotect,   // The key is the advice.
  attach,          // shmat, of the segment whose number is `advice`.
  detach,          // shmdt.
  count_attached,  // shmctl(IPC_STAT): the areas of a segment in all processes.
  fork,
};
inline constexpr unsigned operation_count = static_cast<unsigned>(Operation::fork) + 1;

/// What a limit counts.
enum class Limited : std::int32_t { address_space, data, stack, locked };
inline constexpr unsigned limited_count = 4;

/// From where the length of a limit counts: from what is in use, or from nothing.
enum class LimitBase : std::uint32_t { in_use, nothing };

enum class LockRight : std::uint32_t { dropped, kept };

/// Whose side of a fork goes on.
enum class ForkGoesOn : std::uint32_t { in_child, in_parent };

/// Open userfaultfds of a process.
inline constexpr unsigned userfault_count = 2;

/// Bytes of the System V segments; one is no multiple of a page.
inline constexpr std::array<std::uint64_t, 3> segment_bytes = {page, 4 * page, 3 * page - 100};

/// Policies of mbind, all of the only node that every machine has.
enum class Policy : std::uint32_t { none, preferred, bound, interleaved, local };
inline constexpr unsigned policy_count = 5;

/// Files that mappings use; other_open is first opened a second time, read_only likewise.
enum class File : std::int8_t { none = -1, first, other_open, second, read_only };
inline constexpr unsigned file_count = 4;

struct Call {
  Kind kind = Kind::map;
  Operation operation = Operation::mmap;
  File file = File::none;
  std::uint32_t protection = 0;
  std::uint32_t flags = 0;  // MAP_*, MREMAP_*, MCL_*, SHM_*, or what else a call has.
  std::int32_t advice = 0;  // MADV_*, Limited, or the number of a userfaultfd or segment.
  std::uint64_t address = 0;
  std::uint64_t length = 0;
  std::uint64_t new_length = 0;
  std::uint64_t new_address = 0;
  std::uint64_t offset = 0;

  friend bool operator==(const Call&, const Call&) = default;
};

using Sequence = std::vector<Call>;

/// Whether a call with this result put memory outside of where it may stay: the arena, and the low
/// addresses, where windows end. Only in the arena more than the place is compared.
bool is_elsewhere(const Shape& shape, const Call& call, std::int64_t result);
/// How much it put there.
std::uint64_t length_placed(const Call& call);
/// The pages that it maps: those of MAP_HUGETLB, or ordinary ones.
std::uint64_t huge_page_bytes(const Call& call);

/// The result of a call that was left out.
inline constexpr std::int64_t skipped = INT64_MIN;

}  // namespace vmarea::live
