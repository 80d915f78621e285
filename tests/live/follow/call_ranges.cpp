// SPDX-License-Identifier: MIT
#include "call_ranges.hpp"

#include <algorithm>

#include <sys/mman.h>
#include <sys/syscall.h>

namespace follow {
namespace {

using vmarea::Address;
using vmarea::Range;

constexpr vmarea::Geometry geometry{};

/// The pages of a range that lie in the address space, whatever the program asked for.
void add(CallRanges& ranges, Address start, std::uint64_t length) {
  start = geometry.round_down(start);
  if (start >= geometry.limit) return;
  const std::uint64_t room = geometry.limit - start;
  const std::uint64_t bytes = length < room ? geometry.round_up(length) : room;
  // A length that is no whole number of pages may reach into one more.
  const Range range{start, start + std::min(room, bytes + geometry.page_size())};
  if (length != 0) ranges.parts.push_back(range);
}

bool is_fixed(const Call& call) {
  constexpr std::uint64_t fixed = MAP_FIXED | MAP_FIXED_NOREPLACE;
  return call.kind->number == SYS_mmap && (call.arguments[3] & fixed) != 0;
}

}  // namespace

CallRanges find_named_ranges(const Call& call, const Space& space, std::uint64_t segment_bytes) {
  const auto& [first, second, third, fourth, fifth, sixth] = call.arguments;
  static_cast<void>(sixth);
  CallRanges ranges;
  switch (call.kind->number) {
    case SYS_mmap:
      if (is_fixed(call)) add(ranges, first, second);
      break;
    case SYS_mremap:
      add(ranges, first, std::max({second, third, geometry.page_size()}));
      if ((fourth & MREMAP_FIXED) != 0) add(ranges, fifth, third);
      break;
    case SYS_brk: {
      const Address now = space.layout().brk;
      add(ranges, std::min(now, first), now > first ? now - first : first - now);
      break;
    }
    case SYS_shmat:
      if (second != 0) add(ranges, second, segment_bytes);
      break;
    case SYS_mprotect:
    case SYS_pkey_mprotect:
      ranges.everywhere = (third & (PROT_GROWSDOWN | PROT_GROWSUP)) != 0;
      add(ranges, first, second);
      break;
    case SYS_munmap:
    case SYS_madvise:
    case SYS_mlock:
    case SYS_mlock2:
    case SYS_munlock:
    case SYS_mbind:
    case number_mseal:
      add(ranges, first, second);
      break;
    default:
      ranges.everywhere = true;
  }
  return ranges;
}

CallRanges find_chosen_ranges(const Call& call, std::int64_t raw, std::uint64_t segment_bytes) {
  const bool failed = raw < 0 && raw >= -4095;
  const auto at = static_cast<Address>(raw);
  CallRanges ranges;
  if (failed) return ranges;
  const auto& [first, second, third, fourth, fifth, sixth] = call.arguments;
  static_cast<void>(fifth);
  static_cast<void>(sixth);
  const bool is_moved = (fourth & MREMAP_FIXED) == 0 && at != first;
  if (call.kind->number == SYS_mmap && !is_fixed(call)) add(ranges, at, second);
  if (call.kind->number == SYS_mremap && is_moved) add(ranges, at, third);
  if (call.kind->number == SYS_shmat && second == 0) add(ranges, at, segment_bytes);
  return ranges;
}

}  // namespace follow
