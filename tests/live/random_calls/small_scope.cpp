// SPDX-License-Identifier: MIT
#include "live/random_calls/small_scope.hpp"

#include <sys/mman.h>

#include "model/small_scope/calls.hpp"
#include "vmarea/types/flags.hpp"

namespace vmarea::live {
namespace {

using small_scope::Verb;

constexpr std::uint32_t read_write = PROT_READ | PROT_WRITE;

struct Translation {
  Kind kind;
  Operation operation;
  std::uint32_t protection = 0;
  std::uint32_t flags = 0;
  std::int32_t advice = 0;
  File file = File::none;
};

constexpr Translation mapping(Kind kind, std::uint32_t protection, std::uint32_t flags,
                              File file = File::none) {
  return {kind, Operation::mmap, protection, MAP_FIXED | flags, 0, file};
}

constexpr Translation advised(Kind kind, Advice advice) {
  return {kind, Operation::madvise, 0, 0, static_cast<std::int32_t>(advice)};
}

constexpr std::uint32_t fixed_move = MREMAP_MAYMOVE | MREMAP_FIXED;

Translation translation_of(Verb verb) {
  switch (verb) {
    case Verb::map:
      return mapping(Kind::map, read_write, MAP_PRIVATE | MAP_ANONYMOUS);
    case Verb::map_readable:
      return mapping(Kind::map, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS);
    case Verb::map_file:
      return mapping(Kind::file, read_write, MAP_PRIVATE, File::first);
    case Verb::map_file_shared:
      return mapping(Kind::file, read_write, MAP_SHARED, File::first);
    case Verb::map_other_file:
      return mapping(Kind::file, read_write, MAP_PRIVATE, File::other_open);
    case Verb::unmap:
      return {Kind::unmap, Operation::munmap};
    case Verb::protect_readable:
      return {Kind::protect, Operation::mprotect, PROT_READ};
    case Verb::protect_writable:
      return {Kind::protect, Operation::mprotect, read_write};
    case Verb::write:
      return {Kind::write, Operation::write};
    case Verb::move:
      return {Kind::move, Operation::mremap, 0, fixed_move};
    case Verb::keep:
      return {Kind::keep, Operation::mremap, 0, fixed_move | MREMAP_DONTUNMAP};
    case Verb::duplicate:
      return {Kind::duplicate, Operation::mremap, 0, fixed_move};
    case Verb::grow:
      return {Kind::resize, Operation::mremap};
    case Verb::dont_fork:
      return advised(Kind::advise, Advice::dont_fork);
    case Verb::do_fork:
      return advised(Kind::advise, Advice::do_fork);
    case Verb::lock:
      return {Kind::lock, Operation::mlock};
    case Verb::lock_on_fault:
      return {Kind::lock_on_fault, Operation::mlock_on_fault};
    case Verb::unlock:
      return {Kind::unlock, Operation::munlock};
    case Verb::guard:
      return advised(Kind::guard, Advice::guard_install);
    case Verb::seal:
      return {Kind::seal, Operation::mseal};
    case Verb::bind:
      return {Kind::policy, Operation::mbind, 0, static_cast<std::uint32_t>(Policy::bound)};
    case Verb::fork:
    case Verb::count:
      break;
  }
  return {Kind::fork, Operation::fork, 0, static_cast<std::uint32_t>(ForkGoesOn::in_child)};
}

Call call_of(const small_scope::Call& call) {
  const Translation how = translation_of(call.verb);
  Call made;
  made.kind = how.kind;
  made.operation = how.operation;
  made.file = how.file;
  made.protection = how.protection;
  made.flags = how.flags;
  made.advice = how.advice;
  made.address = arena_start + call.at.first * page;
  made.length = call.at.count() * page;
  if (how.file != File::none) made.offset = call.at.first * page;
  if (how.operation != Operation::mremap) return made;
  made.new_length = call.to.count() * page;
  if ((how.flags & MREMAP_FIXED) != 0) made.new_address = arena_start + call.to.first * page;
  return made;
}

}  // namespace

std::uint64_t small_scope_count(std::size_t length) {
  return small_scope::sequence_count(length);
}

Sequence small_scope_sequence(std::uint64_t number, std::size_t length) {
  Sequence sequence;
  for (const small_scope::Call& call : small_scope::sequence_of(number, length)) {
    sequence.push_back(call_of(call));
  }
  return sequence;
}

}  // namespace vmarea::live
