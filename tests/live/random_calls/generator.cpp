// SPDX-License-Identifier: MIT
#include "live/random_calls/generator.hpp"

#include <algorithm>

#include <sys/mman.h>
#include <sys/shm.h>

namespace vmarea::live {
namespace {

using std::uint64_t;

constexpr std::uint32_t fixed_private = MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS;
constexpr std::uint32_t fixed_shared = MAP_FIXED | MAP_SHARED | MAP_ANONYMOUS;
constexpr std::uint32_t fixed_noreplace = 0x100000;
constexpr std::uint32_t droppable_type = 0x08;
constexpr std::uint32_t above_4g = 0x80;
constexpr std::uint32_t protect_semaphore = 0x8;
constexpr std::uint32_t protect_grows_down = 0x01000000;
constexpr uint64_t task_size = 0x7fff'ffff'f000;

constexpr std::array<std::uint32_t, 9> protections = {PROT_READ | PROT_WRITE,
                                                      PROT_READ | PROT_WRITE,
                                                      PROT_READ | PROT_WRITE,
                                                      PROT_READ,
                                                      PROT_READ,
                                                      PROT_NONE,
                                                      PROT_EXEC,
                                                      PROT_READ | PROT_EXEC,
                                                      PROT_READ | PROT_WRITE | PROT_EXEC};

constexpr std::array<std::int32_t, 14> flag_advice = {0,  1,  2,  10, 11, 12, 13,
                                                      14, 15, 16, 17, 18, 19, 11};

/// How often a kind is called where it is called at all.
constexpr unsigned base_weight(Kind kind) {
  switch (kind) {
    case Kind::map:
      return 36;
    case Kind::protect:
    case Kind::write:
      return 24;
    case Kind::read:
    case Kind::seal:
    case Kind::limit:
    case Kind::merge_pages:
    case Kind::deny_write_exec:
    case Kind::imply_exec:
    case Kind::soft_dirty:
      return 4;
    case Kind::lock_all:  // It walks all of the process.
    case Kind::fork:      // As dear as a hundred other calls.
      return 1;
    default:
      return 12;
  }
}

}  // namespace

uint64_t Random::next() {
  state_ += 0x9e37'79b9'7f4a'7c15;
  uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9;
  z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11eb;
  return z ^ (z >> 31);
}

Generator::Generator(uint64_t seed, uint64_t sequence, Kinds kinds, const Shape& shape)
    : random_(Random(seed).next() ^ Random(~sequence).next()),
      kinds_(shape.holds_huge_pages() ? kinds : kinds & ~kind_bit(Kind::huge_tlb)),
      shape_(shape) {
  const bool wide = shape.small_nodes && !random_.one_in(4);
  pages_ = wide ? 200 + random_.below(1200) : 6 + random_.below(random_.one_in(3) ? 42 : 18);
  calls_ = wide ? 300 + random_.below(900) : 60 + random_.below(141);
  longest_ = 2 + random_.below(8);
  reserve_ = random_.one_in(3);
  pages_ = std::min(pages_, shape.pages);
  constexpr uint64_t guard_shift_max = 320;
  if (has_kind(kinds_, Kind::stack) && pages_ + guard_shift_max <= shape.pages &&
      random_.one_in(4)) {
    upper_shift_ = 200 + random_.below(guard_shift_max - 200);
  }
  unsigned sum = 0;
  for (unsigned kind = 0; kind < kind_count; ++kind) {
    if (((kinds_ >> kind) & 1) == 0) continue;
    // A sequence of few kinds has them all; of many it has about half.
    const bool wanted = count_kinds(kinds) <= count_kinds(basic_kinds) || !random_.one_in(2) ||
                        static_cast<Kind>(kind) == Kind::map;
    const unsigned weight = base_weight(static_cast<Kind>(kind));
    weights_[kind] = wanted ? 1 + static_cast<unsigned>(random_.below(weight * 2)) : 0;
    sum += weights_[kind];
  }
  // These need a process for each sequence, or change nearly everything that follows.
  for (const Kind kind :
       {Kind::seal, Kind::deny_write_exec, Kind::imply_exec, Kind::lock_all, Kind::merge_pages}) {
    if (has_kind(kinds, kind) && random_.one_in(3)) continue;
    sum -= weights_[static_cast<unsigned>(kind)];
    weights_[static_cast<unsigned>(kind)] = 0;
  }
  for (unsigned kind = 0; sum == 0 && kind < kind_count; ++kind) {
    weights_[kind] = (kinds_ >> kind) & 1;
  }
  on_huge_pages_ = weights_[static_cast<unsigned>(Kind::huge_tlb)] != 0;
  if (on_huge_pages_) {
    pages_ = shape.pages;
    upper_shift_ = 0;
  }
}

Sequence Generator::generate() {
  Sequence sequence;
  sequence.reserve(calls_);
  if (weights_[static_cast<unsigned>(Kind::heap)] != 0) {
    Call call{.kind = Kind::heap, .operation = Operation::set_heap};
    call.address = address_of(random_.below(pages_)) + (random_.one_in(4) ? 0x123 : 0);
    sequence.push_back(call);
  }
  while (sequence.size() < calls_) sequence.push_back(make(draw_kind()));
  return sequence;
}

Kind Generator::draw_kind() {
  uint64_t sum = 0;
  for (const unsigned weight : weights_) sum += weight;
  uint64_t at = random_.below(sum);
  unsigned kind = 0;
  while (at >= weights_[kind]) at -= weights_[kind++];
  return static_cast<Kind>(kind);
}

/// Who makes the calls of a kind.
Generator::Maker Generator::maker_of(Kind kind) {
  switch (kind) {
    case Kind::map:
    case Kind::noreplace:
    case Kind::shared:
    case Kind::populate:
    case Kind::stack:
    case Kind::droppable:
      return &Generator::make_map;
    case Kind::file:
      return &Generator::make_file_map;
    case Kind::huge_tlb:
      return &Generator::make_huge_map;
    case Kind::protect:
    case Kind::protect_key:
      return &Generator::make_protect;
    case Kind::write:
    case Kind::read:
      return &Generator::make_touch;
    case Kind::resize:
      return &Generator::make_resize;
    case Kind::move:
      return &Generator::make_move;
    case Kind::keep:
      return &Generator::make_keep;
    case Kind::duplicate:
      return &Generator::make_duplicate;
    case Kind::place:
      return &Generator::make_place;
    case Kind::window:
      return &Generator::make_window;
    case Kind::heap:
      return &Generator::make_heap;
    case Kind::limit:
      return &Generator::make_limit;
    case Kind::userfault:
      return &Generator::make_userfault;
    case Kind::policy:
      return &Generator::make_policy;
    case Kind::segment:
      return &Generator::make_segment;
    case Kind::lock_all:
    case Kind::merge_pages:
    case Kind::deny_write_exec:
    case Kind::imply_exec:
    case Kind::soft_dirty:
      return &Generator::make_mode;
    case Kind::advise:
    case Kind::discard:
    case Kind::guard:
      return &Generator::make_advise;
    case Kind::copy:
      return &Generator::make_copy;
    case Kind::sync:
    case Kind::in_core:
      return &Generator::make_question;
    case Kind::advise_several:
      return &Generator::make_advise_several;
    case Kind::remap_file:
      return &Generator::make_remap_file;
    case Kind::bad:
      return &Generator::make_bad;
    case Kind::fork:
      return &Generator::make_fork;
    case Kind::unmap:
    case Kind::lock:
    case Kind::lock_on_fault:
    case Kind::unlock:
    case Kind::seal:
      break;
  }
  return &Generator::make_range_call;
}

Call Generator::make(Kind kind) {
  Call call;
  call.kind = kind;
  (this->*maker_of(kind))(call);
  return call;
}

/// The calls that take a range and nothing else.
void Generator::make_range_call(Call& call) {
  call.operation = call.kind == Kind::unmap           ? Operation::munmap
                   : call.kind == Kind::lock          ? Operation::mlock
                   : call.kind == Kind::lock_on_fault ? Operation::mlock_on_fault
                   : call.kind == Kind::unlock        ? Operation::munlock
                                                      : Operation::mseal;
  choose_range(call);
}

void Generator::make_fork(Call& call) {
  call.operation = Operation::fork;
  call.flags =
      static_cast<std::uint32_t>(random_.one_in(2) ? ForkGoesOn::in_child : ForkGoesOn::in_parent);
}

/// From the start of a page on, so that what is copied ends where an area refuses.
void Generator::make_copy(Call& call) {
  call.operation = random_.one_in(2) ? Operation::copy_from : Operation::copy_to;
  choose_range(call);
  call.length = std::min(call.length, copied_pages_max * page);
}

/// Calls that change nothing, so bad arguments are theirs, too.
void Generator::make_question(Call& call) {
  constexpr std::array<std::uint32_t, 10> sync_flags = {0, 1, 2, 2, 3, 4, 6, 6, 5, 8};
  call.operation = call.kind == Kind::sync ? Operation::msync : Operation::mincore;
  choose_range(call);
  if (call.kind == Kind::sync) call.flags = random_.pick(sync_flags);
  if (random_.one_in(8)) spoil_range(call);
}

/// Both ranges may be bad; nothing is populated, for then single pages would matter.
void Generator::make_advise_several(Call& call) {
  constexpr std::array<std::int32_t, 9> discards = {4, 4, 8, 20, 24, 102, 103, 9, 99};
  const auto choose = [&](uint64_t& address, uint64_t& length) {
    Call part;
    part.operation = Operation::process_madvise;
    choose_range(part);
    if (random_.one_in(10)) spoil_range(part);
    address = part.address;
    length = part.length;
  };
  call.operation = Operation::process_madvise;
  choose(call.address, call.length);
  choose(call.new_address, call.new_length);
  call.advice = random_.one_in(3) ? random_.pick(discards) : random_.pick(flag_advice);
  call.flags = random_.one_in(16) ? 0 : random_.one_in(3) ? 1 : 2;
}

/// The offset is in pages. Shared memory and files are what it works on: the first page of the
/// arena is its file's first as often as not.
void Generator::make_remap_file(Call& call) {
  call.operation = Operation::remap_file_pages;
  choose_range(call);
  if (random_.one_in(2)) call.length = page;
  if (random_.one_in(4)) call.address += random_.below(page);
  call.offset = (call.address - arena_start) / page;
  if (random_.one_in(2)) call.offset = random_.below(pages_);
  if (random_.one_in(8)) call.flags = MAP_NONBLOCK;
  if (random_.one_in(24)) call.protection = 1 + static_cast<std::uint32_t>(random_.below(16));
  if (random_.one_in(24)) call.offset = ~uint64_t{0} >> random_.below(14);  // In no file.
  if (random_.one_in(24)) spoil_range(call);
}

uint64_t Generator::address_of(uint64_t page_number) const {
  const uint64_t shift = page_number >= pages_ / 2 ? upper_shift_ : 0;
  return arena_start + (page_number + shift) * page;
}

void Generator::choose_range(Call& call) {
  if (on_huge_pages_ && !random_.one_in(4)) return choose_huge_range(call);
  const uint64_t first = random_.below(pages_);
  const uint64_t count = 1 + random_.below(std::min(longest_, pages_ - first));
  call.address = address_of(first);
  call.length = (count == 1 ? 1 : (address_of(first + count - 1) - call.address) / page + 1) * page;
  choose_odd_length(call.length);
}

/// Of whole huge pages, or a few pages less, or of a few pages near the edge of one.
void Generator::choose_huge_range(Call& call) {
  const uint64_t blocks = pages_ / huge_page_pages;
  const uint64_t first = random_.below(blocks);
  const uint64_t count = 1 + random_.below(blocks - first);
  call.address = address_of(first * huge_page_pages);
  call.length = count * huge_page_pages * page;
  if (random_.one_in(6)) call.length -= random_.below(4) * page;
  if (random_.one_in(6)) {
    const uint64_t pages = random_.below(4);
    call.address += pages * page;
    call.length -= pages * page;
  }
  if (random_.one_in(4)) call.length = (1 + random_.below(longest_)) * page;
  choose_odd_length(call.length);
}

/// Where a move may go.
uint64_t Generator::draw_place() {
  const bool aligned = on_huge_pages_ && !random_.one_in(4);
  return address_of(aligned ? random_.below(pages_ / huge_page_pages) * huge_page_pages
                            : random_.below(pages_));
}

void Generator::choose_odd_length(uint64_t& length) {
  if (length >= page && random_.one_in(16)) length -= random_.below(page);
}

void Generator::make_map(Call& call) {
  call.operation = Operation::mmap;
  choose_range(call);
  call.protection = random_.pick(protections);
  call.flags = fixed_private;
  if (call.kind == Kind::shared) call.flags = fixed_shared;
  if (call.kind == Kind::noreplace) call.flags = (call.flags & ~0x10u) | fixed_noreplace;
  if (call.kind == Kind::stack) call.flags |= MAP_GROWSDOWN;
  if (call.kind == Kind::stack && random_.one_in(8)) call.flags |= MAP_STACK;
  if (call.kind == Kind::droppable) call.flags = MAP_FIXED | MAP_ANONYMOUS | droppable_type;
  if (call.kind == Kind::populate) {
    constexpr std::array<std::uint32_t, 4> choices = {
        MAP_LOCKED, MAP_POPULATE, MAP_POPULATE | MAP_NONBLOCK, MAP_LOCKED | MAP_POPULATE};
    call.flags |= random_.pick(choices);
  }
  if (reserve_ && random_.one_in(3)) call.flags |= MAP_NORESERVE;
  if (call.kind != Kind::map && random_.one_in(16)) call.offset = random_.below(8) * page;
}

void Generator::make_file_map(Call& call) {
  call.operation = Operation::mmap;
  choose_range(call);
  call.file = static_cast<File>(random_.one_in(3) ? random_.below(file_count) : 0);
  call.protection = random_.pick(protections);
  call.flags = MAP_FIXED | (random_.one_in(2) ? MAP_SHARED : MAP_PRIVATE);
  if (random_.one_in(16)) call.flags = (call.flags & ~0x10u) | fixed_noreplace;
  if (random_.one_in(16)) call.flags |= MAP_LOCKED;
  if (random_.one_in(16)) {
    // What is no flag to this kernel is refused.
    call.flags = (call.flags & ~std::uint32_t{0xf}) | MAP_SHARED_VALIDATE;
    if (random_.one_in(2)) call.flags |= above_4g;
  }
  if (reserve_ && random_.one_in(4)) call.flags |= MAP_NORESERVE;
  // Mostly such that neighbours continue each other.
  call.offset = call.address - arena_start;
  if (random_.one_in(3)) call.offset += random_.below(4) * page;
  if (random_.one_in(16)) call.offset = random_.below(pages_) * page;
}

/// Mostly without pages of its own, for most machines have none to give: MAP_NORESERVE.
void Generator::make_huge_map(Call& call) {
  constexpr std::array<std::uint32_t, 5> sizes = {21, 30, 30, 16, 63};
  constexpr std::array<std::uint32_t, 4> types = {0x0, 0x3, droppable_type, 0x9};
  constexpr unsigned size_from = 26;
  call.operation = Operation::mmap;
  choose_huge_range(call);
  call.protection = random_.pick(protections);
  call.flags = MAP_HUGETLB | (random_.one_in(3) ? fixed_shared : fixed_private);
  if (!random_.one_in(8)) call.flags |= MAP_NORESERVE;
  if (random_.one_in(12)) call.flags = (call.flags & ~std::uint32_t{0xf}) | random_.pick(types);
  if (random_.one_in(12)) call.flags |= random_.one_in(2) ? MAP_LOCKED : MAP_POPULATE;
  if (random_.one_in(24)) call.flags |= random_.one_in(2) ? MAP_GROWSDOWN : MAP_STACK;
  if (random_.one_in(8)) call.offset = random_.below(3) * huge_page_pages * page;
  if (random_.one_in(16)) call.offset += page;
  if (random_.one_in(24)) call.flags |= random_.pick(sizes) << size_from;
  if (random_.one_in(16)) call.flags = (call.flags & ~0x10u) | fixed_noreplace;
  // A page of 1 GiB is larger than the arena.
  const bool is_giant = huge_page_bytes(call) > huge_page_pages * page;
  if (!is_giant && !random_.one_in(6)) return;
  call.flags &= ~std::uint32_t{MAP_FIXED | fixed_noreplace};
  if (random_.one_in(3)) call.address = 0;
  if (random_.one_in(8)) call.flags |= random_.one_in(2) ? std::uint32_t{MAP_32BIT} : above_4g;
  if (random_.one_in(8)) call.address = hint_at_edge(call.length);
}

void Generator::make_protect(Call& call) {
  constexpr std::array<std::uint32_t, 7> wide = {
      PROT_NONE, PROT_READ,  PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE,
      PROT_EXEC, PROT_WRITE, PROT_READ | PROT_EXEC};
  call.operation = Operation::mprotect;
  choose_range(call);
  call.protection = random_.pick(wide);
  if (random_.one_in(32)) call.protection |= protect_semaphore;
  if (has_kind(kinds_, Kind::stack) && random_.one_in(12)) call.protection |= protect_grows_down;
  if (call.kind != Kind::protect_key) return;
  constexpr std::array<std::int32_t, 6> keys = {-1, -1, -1, 0, 1, -2};
  if (random_.one_in(8)) spoil_range(call);
  call.operation = Operation::pkey_mprotect;
  call.advice = random_.pick(keys);
}

void Generator::make_touch(Call& call) {
  call.operation = call.kind == Kind::read ? Operation::read : Operation::write;
  call.address = address_of(random_.below(pages_)) + random_.below(page);
}

void Generator::make_resize(Call& call) {
  call.operation = Operation::mremap;
  choose_range(call);
  call.new_length = (1 + random_.below(longest_ + 2)) * page;
  if (on_huge_pages_ && random_.one_in(2)) {
    call.new_length = (1 + random_.below(pages_ / huge_page_pages)) * huge_page_pages * page;
  }
  choose_odd_length(call.new_length);
  if (random_.one_in(4)) call.flags = MREMAP_MAYMOVE;
}

void Generator::make_move(Call& call) {
  call.operation = Operation::mremap;
  choose_range(call);
  call.flags = MREMAP_MAYMOVE | MREMAP_FIXED;
  call.new_address = draw_place();
  call.new_length = call.length;
  // Several areas may move only where the length stays; a single one may change it.
  if (random_.one_in(4)) call.new_length = (1 + random_.below(longest_)) * page;
  if (random_.one_in(8)) {
    // One page on or back: the classic slide, which overlaps unless it is one page long.
    call.new_address = call.address + (random_.one_in(2) ? call.length : page);
  }
  keep_in_arena(call);
}

/// What lies behind the arena must stay as it is.
void Generator::keep_in_arena(Call& call) {
  call.new_length = std::min(call.new_length, shape_.end() - arena_start);
  const uint64_t longest = std::max(call.length, call.new_length);
  if (call.new_address + longest <= shape_.end()) return;
  call.new_address = arena_start + random_.below(2) * page;
  if (call.new_address + longest > shape_.end()) call.new_address = arena_start;
}

void Generator::make_keep(Call& call) {
  make_move(call);
  call.flags = MREMAP_MAYMOVE | MREMAP_DONTUNMAP | (random_.one_in(3) ? 0 : MREMAP_FIXED);
  if (!random_.one_in(8)) call.new_length = call.length;
}

void Generator::make_duplicate(Call& call) {
  make_move(call);
  call.new_length = (1 + random_.below(longest_)) * page;
  call.length = 0;
  if (random_.one_in(8)) call.new_address = call.address;
  if (random_.one_in(8)) call.flags = MREMAP_MAYMOVE;
  keep_in_arena(call);
}

void Generator::make_place(Call& call) {
  call.operation = Operation::mmap;
  choose_range(call);
  call.protection = random_.pick(protections);
  call.flags = MAP_PRIVATE | MAP_ANONYMOUS;
  if (random_.one_in(4)) {
    call.flags = random_.one_in(2) ? MAP_SHARED : MAP_PRIVATE;
    call.file = static_cast<File>(random_.below(file_count));
    call.offset = random_.below(4) * page;
    if (call.file == File::read_only) call.protection &= ~std::uint32_t{PROT_WRITE};
  } else if (random_.one_in(6)) {
    call.flags = MAP_SHARED | MAP_ANONYMOUS;
  } else if (random_.one_in(8)) {
    call.flags |= MAP_GROWSDOWN;
  }
  if (random_.one_in(10)) {
    call.length = (1 + random_.below(2)) * huge_page_pages * page;
    if (random_.one_in(3)) call.length += page;
  }
  // A hint is free, or not, or no multiple of a page.
  if (!random_.one_in(3)) call.address = 0;
  if (call.address != 0 && random_.one_in(6)) call.address += random_.below(page);
  if (random_.one_in(24)) call.address = 1 + random_.below(20) * page;
}

/// Where windows of addresses begin and end, a few pages or a guard gap away; often such that
/// `length` bytes end there.
uint64_t Generator::hint_at_edge(uint64_t length) {
  constexpr std::array<uint64_t, 9> edges = {0x1'0000,      0x4000'0000, 0x4000'0000,
                                             0x8000'0000,   0x8000'0000, 0x1'0000'0000,
                                             0x1'0000'0000, arena_start, task_size};
  constexpr uint64_t guard_gap_pages = 256;
  uint64_t hint = random_.pick(edges);
  if (random_.one_in(3)) hint -= length;
  if (random_.one_in(8)) hint += guard_gap_pages * page;
  hint += random_.below(8) * page;
  hint -= random_.below(8) * page;
  return random_.one_in(8) ? hint + random_.below(page) : hint;
}

/// What MAP_32BIT and MAP_ABOVE4G make of a place, of memory that may or may not consist of huge
/// pages, and of stacks, below which there is a guard gap.
void Generator::make_window(Call& call) {
  constexpr std::array<uint64_t, 5> long_ones = {0x2000'0000, 0x3fff'f000, 0x4000'0000, 0x4000'1000,
                                                 0x8000'0000};
  constexpr std::array<std::uint32_t, 8> windows = {
      MAP_32BIT, MAP_32BIT, MAP_32BIT, MAP_32BIT, above_4g, above_4g, MAP_32BIT | above_4g, 0};
  constexpr std::array<std::uint32_t, 8> others = {
      0, 0, 0, MAP_GROWSDOWN, MAP_GROWSDOWN, MAP_STACK, MAP_GROWSDOWN | MAP_STACK, MAP_NORESERVE};
  call.operation = Operation::mmap;
  choose_range(call);
  call.protection = random_.pick(protections);
  call.flags = MAP_PRIVATE | MAP_ANONYMOUS | random_.pick(windows) | random_.pick(others);
  if (random_.one_in(10)) {
    call.flags = MAP_SHARED | random_.pick(windows);
    call.file = random_.one_in(2) ? File::first : File::none;
    if (call.file == File::none) call.flags |= MAP_ANONYMOUS;
  }
  if (random_.one_in(3)) {
    call.length = (1 + random_.below(2)) * huge_page_pages * page;
    if (random_.one_in(3)) call.length += page;
  } else if (random_.one_in(12)) {
    // Never touched, whatever is locked.
    call.length = random_.pick(long_ones);
    call.protection = PROT_NONE;
    call.flags |= MAP_NORESERVE;
  }
  call.address = random_.one_in(3) ? 0 : hint_at_edge(call.length);
}

void Generator::make_heap(Call& call) {
  call.operation = Operation::brk;
  call.address = address_of(random_.below(pages_)) + (random_.one_in(3) ? random_.below(page) : 0);
}

void Generator::make_limit(Call& call) {
  if (random_.one_in(4)) {
    call.operation = Operation::lock_right;
    call.flags =
        static_cast<std::uint32_t>(random_.one_in(3) ? LockRight::kept : LockRight::dropped);
    return;
  }
  const auto limited = static_cast<Limited>(random_.below(limited_count));
  const bool alone = limited == Limited::stack || random_.one_in(16);
  call.operation = Operation::limit;
  call.advice = static_cast<std::int32_t>(limited);
  call.flags = static_cast<std::uint32_t>(alone ? LimitBase::nothing : LimitBase::in_use);
  call.length = random_.below(12) * page;
  if (random_.one_in(6)) call.length = 0;
  if (random_.one_in(4)) call.length = ~uint64_t{0};
}

void Generator::make_userfault(Call& call) {
  constexpr std::array<std::uint32_t, 8> modes = {1, 1, 1, 2, 3, 4, 5, 0};
  choose_range(call);
  // Nothing is rounded here; a range that is none is refused.
  if (!random_.one_in(16)) call.length = (call.length + page - 1) / page * page;
  call.advice = static_cast<std::int32_t>(random_.one_in(3) ? 1 : 0);
  if (random_.one_in(12)) {
    call = {.kind = call.kind, .operation = Operation::userfault_close, .advice = call.advice};
  } else if (random_.one_in(4)) {
    call.operation = Operation::userfault_unregister;
  } else {
    call.operation = Operation::userfault_register;
    call.flags = random_.pick(modes);
    if (random_.one_in(32)) call.flags |= 8;
  }
}

void Generator::make_policy(Call& call) {
  call.operation = Operation::mbind;
  choose_range(call);
  call.flags = static_cast<std::uint32_t>(random_.below(random_.one_in(3) ? policy_count : 2));
  if (random_.one_in(24)) call.address += 1 + random_.below(page - 1);
}

/// At few addresses, so that what was attached is met again: made longer, cut, and detached.
void Generator::make_segment(Call& call) {
  constexpr uint64_t columns = 4;
  constexpr uint64_t pages_apart = 7;
  const auto number = static_cast<unsigned>(random_.below(segment_bytes.size()));
  const uint64_t length = (segment_bytes[number] + page - 1) / page * page;
  call.address = arena_start + random_.below(columns) * pages_apart * page;
  call.address = std::min(call.address, shape_.end() - length);
  switch (random_.below(10)) {
    case 0:
    case 1:
    case 2:
      call.advice = static_cast<std::int32_t>(number);
      return make_attach(call);
    case 8:
    case 9:
      call.address = 0;
      call.advice = static_cast<std::int32_t>(number);
      call.operation = Operation::count_attached;
      return;
    case 3:
    case 4:
      call.operation = Operation::detach;
      if (random_.one_in(12)) call.address += random_.below(2 * page);
      return;
    case 5:
      call.operation = random_.one_in(2) ? Operation::munmap : Operation::mprotect;
      if (call.operation == Operation::mprotect) call.protection = random_.pick(protections);
      if (random_.one_in(2)) call.address += random_.below(length / page) * page;
      call.length = (1 + random_.below(4)) * page;
      call.length = std::min(call.length, shape_.end() - call.address);
      return;
    default:
      break;
  }
  call.operation = Operation::mremap;
  call.length = random_.one_in(4) ? (1 + random_.below(4)) * page : length;
  call.new_length = random_.one_in(4) ? page : call.length + (1 + random_.below(3)) * page;
  if (random_.one_in(3)) call.flags = MREMAP_MAYMOVE;
  keep_in_arena(call);
}

void Generator::make_attach(Call& call) {
  constexpr std::array<std::uint32_t, 8> choices = {0,       0,         0,         SHM_RDONLY,
                                                    SHM_RND, SHM_REMAP, SHM_REMAP, SHM_EXEC};
  call.operation = Operation::attach;
  call.flags = random_.pick(choices) | random_.pick(choices);
  if (random_.one_in(12)) call.address = 0;
  if (call.address != 0 && random_.one_in(12)) call.address += random_.below(page);
}

void Generator::make_mode(Call& call) {
  constexpr std::array<std::uint32_t, 8> lock_all = {1, 2, 2, 3, 5, 6, 7, 4};
  switch (call.kind) {
    case Kind::lock_all:
      call.operation = random_.one_in(3) ? Operation::munlockall : Operation::mlockall;
      if (call.operation == Operation::mlockall) call.flags = random_.pick(lock_all);
      if (call.operation == Operation::mlockall && random_.one_in(24)) call.flags |= 8;
      break;
    case Kind::soft_dirty:
      call.operation = Operation::clear_soft_dirty;
      break;
    case Kind::imply_exec:
      call.operation = Operation::imply_exec;
      call.flags = random_.one_in(3) ? 0 : 1;
      break;
    case Kind::merge_pages:
      call.operation = Operation::memory_merge;
      call.flags = random_.one_in(3) ? 0 : 1;
      break;
    default:
      call.operation = Operation::deny_write_exec;
      call.flags = random_.one_in(4) ? static_cast<std::uint32_t>(random_.below(8)) : 1;
      break;
  }
}

void Generator::make_advise(Call& call) {
  constexpr std::array<std::int32_t, 9> discards = {4, 4, 4, 8, 20, 24, 22, 23, 9};
  call.operation = Operation::madvise;
  choose_range(call);
  switch (call.kind) {
    case Kind::discard:
      call.advice = random_.pick(discards);
      break;
    case Kind::guard:
      call.advice = random_.one_in(3) ? 103 : 102;
      break;
    default:
      call.advice = random_.pick(flag_advice);
      break;
  }
}

void Generator::make_bad(Call& call) {
  constexpr std::array<Kind, 13> victims = {
      Kind::map,    Kind::map,  Kind::file,  Kind::unmap, Kind::protect,
      Kind::resize, Kind::move, Kind::move,  Kind::keep,  Kind::duplicate,
      Kind::advise, Kind::lock, Kind::unlock};
  // A victim is of the kinds that are called; the last choice is one that always is.
  Kind victim = random_.pick(victims);
  for (int i = 0; i < 8 && !has_kind(kinds_, victim); ++i) victim = random_.pick(victims);
  if (!has_kind(kinds_, victim)) victim = Kind::unmap;
  call.kind = victim;
  call = make(victim);
  if (call.operation == Operation::mmap) {
    spoil_map(call);
  } else if (call.operation == Operation::mremap) {
    spoil_remap(call);
  } else {
    spoil_range(call);
  }
  call.kind = Kind::bad;
}

void Generator::spoil_map(Call& call) {
  constexpr std::array<uint64_t, 6> lengths = {
      0, task_size, task_size + page, uint64_t{1} << 63, ~uint64_t{0}, ~uint64_t{0} - 2 * page};
  constexpr std::array<uint64_t, 4> addresses = {task_size, task_size + page, uint64_t{1} << 63,
                                                 ~uint64_t{0} - page + 1};
  switch (random_.below(9)) {
    case 0:
      call.length = random_.pick(lengths);
      break;
    case 1:
      call.address += 1 + random_.below(page - 1);
      break;
    case 2:
      call.address = random_.pick(addresses);
      break;
    case 3:
      call.flags &= ~std::uint32_t{0xf};
      break;
    case 4:
      call.flags = (call.flags & ~std::uint32_t{0xf}) | 0x3;
      break;
    case 5:
      call.offset |= 1 + random_.below(page - 1);
      break;
    case 6:  // Bits that are ignored, or not.
      call.flags |= random_.one_in(2) ? 0x80u : random_.one_in(2) ? 0x200u : 0x10000000u;
      break;
    case 7:
      call.flags |= MAP_GROWSDOWN;
      if (random_.one_in(2)) call.flags = (call.flags & ~std::uint32_t{0xf}) | MAP_SHARED;
      break;
    default:
      call.protection |= random_.one_in(2) ? 0x10u : protect_grows_down;
      break;
  }
}

void Generator::spoil_remap(Call& call) {
  constexpr std::array<uint64_t, 6> lengths = {
      0, task_size, task_size + page, uint64_t{1} << 63, ~uint64_t{0}, ~uint64_t{0} - 2 * page};
  constexpr std::array<uint64_t, 4> addresses = {task_size, task_size + page, uint64_t{1} << 63,
                                                 ~uint64_t{0} - page + 1};
  switch (random_.below(9)) {
    case 0:
      call.address += 1 + random_.below(page - 1);
      break;
    case 1:
      call.new_address += 1 + random_.below(page - 1);
      break;
    case 2:
      call.length = random_.pick(lengths);
      break;
    case 3:
      call.new_length = random_.pick(lengths);
      break;
    case 4:
      call.new_address = random_.pick(addresses);
      break;
    case 5:
      call.flags |= 8;
      break;
    case 6:
      call.flags &= ~std::uint32_t{MREMAP_MAYMOVE};
      break;
    case 7:  // Overlapping, unless it is one page long.
      call.new_address = call.address + random_.below(2) * page;
      keep_in_arena(call);
      break;
    default:
      call.address = random_.pick(addresses);
      break;
  }
}

void Generator::spoil_range(Call& call) {
  // Never a length that would reach areas outside the arena: advice goes on past holes.
  constexpr std::array<uint64_t, 4> wrapping = {
      ~uint64_t{0}, ~uint64_t{0} - page, ~uint64_t{0} - 2 * page + 1, ~uint64_t{0} - page + 1};
  constexpr std::array<uint64_t, 4> addresses = {task_size, task_size + page, uint64_t{1} << 63,
                                                 ~uint64_t{0} - page + 1};
  switch (random_.below(6)) {
    case 0:
      call.address += 1 + random_.below(page - 1);
      // Locks take such an address, and what lies behind the arena must stay as it is.
      call.length = std::min(call.length, shape_.end() - call.address);
      break;
    case 1:
      call.length = 0;
      break;
    case 2:
      call.length = random_.pick(wrapping);
      break;
    case 3:
      call.address = random_.pick(addresses);
      break;
    case 4:
      call.address += random_.one_in(2) ? 1 : 0;
      call.length = call.operation == Operation::munmap
                        ? task_size
                        : std::min(call.length, shape_.end() - call.address);
      break;
    default:
      if (call.operation == Operation::mprotect) {
        call.protection |= random_.one_in(2) ? 0x10u : 0x03000000u;
      } else if (call.operation == Operation::madvise) {
        call.advice = random_.one_in(2) ? 99 : 5;
      } else {
        call.length = 0;
      }
      break;
  }
}

}  // namespace vmarea::live
