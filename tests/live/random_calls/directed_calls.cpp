// SPDX-License-Identifier: MIT
#include "live/random_calls/directed_calls.hpp"

#include <array>
#include <cstdlib>

#include <fmt/format.h>

#include "live/random_calls/call_text.hpp"
#include "live/random_calls/sequence_file.hpp"

namespace vmarea::live {
namespace {

struct Directed {
  std::string_view at;     // A switch.
  std::string_view kinds;  // As --kinds has them.
  std::string_view calls;  // One a line; what follows # is for people.
};

/// What a kernel knows at all comes first. Areas that are joined or apart are preferred to
/// identities and page offsets, which are seen only by a program in the kernel.
constexpr auto all_directed = std::to_array<Directed>({
    {"knows_guard_advice", "basic,guard", R"(
mmap(+0, 1p, rw, private|fixed|anonymous)
madvise(+0, 1p, guard_install)
)"},
    {"marks_guarded_areas", "basic,guard", R"(
mmap(+0, 1p, rw, private|fixed|anonymous)
madvise(+0, 1p, guard_install)
)"},
    {"knows_seals", "basic,seal", R"(
mmap(+0, 1p, rw, private|fixed|anonymous)
mseal(+0, 1p)
)"},
    {"knows_memory_merge", "merge_pages", R"(
memory_merge(on)
)"},
    {"knows_deny_write_exec", "deny_write_exec", R"(
deny_write_exec(refuse_exec_gain)
)"},
    {"droppable_memory", "droppable", R"(
mmap(+0, 1p, rw, droppable|fixed|anonymous)
)"},
    {"faulted_into_untouched", "basic", R"(
mmap(+0, 1p, rw, private|fixed|anonymous)
mmap(+1, 1p, rwx, private|fixed|anonymous)
write(+1)
mprotect(+1, 1p, rw)        # What was touched joins what was not, or stays apart.
)"},
    {"kept_by_joins", "basic,guard", R"(
mmap(+0, 2p, rw, private|fixed|anonymous)
madvise(+0, 1p, guard_install)
mmap(+2, 1p, rwx, private|fixed|anonymous)
mprotect(+2, 1p, rw)        # [0,3) may hold guards, as [0,2) does, or has forgotten it.
)"},
    {"ignored_by_joins", "basic,guard", R"(
mmap(+0, 1p, r, private|fixed|anonymous)
madvise(+0, 1p, guard_install)
mmap(+1, 1p, r, private|fixed|anonymous)    # Joins what may hold guards, or not.
)"},
    {"same_page_mark", "basic,merge_pages", R"(
memory_merge(on)
mmap(+0, 1p, rw, private|fixed|anonymous)
mmap(+1, 1p, rw, private|fixed|anonymous)   # Is marked before it joins, or too late.
)"},
    {"earliest_driver_turn", "basic,file,merge_pages", R"(
memory_merge(on)
mmap(+1, 1p, rw, private|fixed, first, 1p)
mmap(+0, 1p, rw, private|fixed, first, 0p)  # Is marked before the joins are decided, or after.
)"},
    {"mmap_asks_next_first", "basic", R"(
mmap(+0, 1p, rw, private|fixed|anonymous)
write(+0)
mmap(+2, 1p, rw, private|fixed|anonymous)
write(+2)
mmap(+1, 1p, rw, private|fixed|anonymous)   # Between two identities: joins prev, or next.
)"},
    {"closing_areas_join", "basic,segment", R"(
attach(+0, 0, segment_1)
mprotect(+0, 2p, r)
mprotect(+1, 2p, r)         # [1,3) of what is cut at 2: [0,2) is extended, or nothing joins.
)"},
    {"remap_checks", "basic,move", R"(
mmap(+0, 1p, rw, private|fixed|anonymous)
mmap(+4, 1p, rw, private|fixed|anonymous)
mremap(+0, 0p, 1p, may_move|fixed, +4)      # Is refused. Was the destination cleared before?
)"},
    {"remap_moves_several_areas", "basic,move", R"(
mmap(+0, 1p, rw, private|fixed|anonymous)
mmap(+1, 1p, r, private|fixed|anonymous)
mremap(+0, 2p, 2p, may_move|fixed, +4)
)"},
    {"kept_locks", "basic,keep,lock_on_fault", R"(
mmap(+0, 2p, rw, private|fixed|anonymous)
mlock_on_fault(+0, 2p)
mremap(+0, 1p, 1p, may_move|fixed|dont_unmap, +4)   # Is [1,2) locked still?
)"},
    {"kept_source_joins_copy", "basic,keep", R"(
mmap(+0, 1p, rw, private|fixed|anonymous)
mremap(+0, 1p, 1p, may_move|fixed|dont_unmap, +1)
)"},
    {"kept_source_restarts_at_address", "basic,move,keep", R"(
mmap(+0, 1p, rw, private|fixed|anonymous)
write(+0)
mremap(+0, 1p, 1p, may_move|fixed, +3)
mremap(+3, 1p, 1p, may_move|fixed|dont_unmap, +0)
mmap(+4, 1p, rw, private|fixed|anonymous)   # Joins [3,4) if that counts from its address.
)"},
    {"copy_beside_kept_source_joins_nothing", "basic,keep", R"(
mmap(+0, 1p, rw, private|fixed|anonymous)
mmap(+2, 1p, rw, private|fixed|anonymous)
mremap(+0, 1p, 1p, may_move|fixed|dont_unmap, +1)   # Joins [2,3), or not.
)"},
    {"uncharges_untouched_memory", "basic", R"(
mmap(+0, 1p, rw, private|fixed|anonymous)
mprotect(+0, 1p, 0)
)"},
    {"unregister_checks_context", "basic,userfault", R"(
mmap(+0, 1p, rw, private|fixed|anonymous)
userfault_register(+0, 1p, missing, context_0)
userfault_unregister(+0, 1p, context_1)
)"},
    {"watches_droppable_memory", "basic,droppable,userfault", R"(
mmap(+0, 1p, rw, droppable|fixed|anonymous)
userfault_register(+0, 1p, missing, context_0)
)"},
    {"watched_rear_joins_next", "basic,userfault", R"(
mmap(+0, 3p, rw, private|fixed|anonymous)
userfault_register(+2, 1p, missing, context_0)
userfault_register(+1, 1p, missing, context_0)
)"},
    {"watching_decides_soft_dirty", "basic,userfault,soft_dirty", R"(
mmap(+0, 2p, rw, private|fixed|anonymous)
userfault_register(+0, 2p, missing, context_0)
clear_soft_dirty()
mmap(+2, 2p, rw, private|fixed|anonymous)
userfault_unregister(+0, 2p, context_0)     # Joins what is marked.
)"},
    {"populating_goes_on_behind_holes", "basic,discard", R"(
mmap(+0, 1p, rw, private|fixed|anonymous)
mmap(+2, 1p, rw, private|fixed|anonymous)
madvise(+0, 3p, populate_write)
mmap(+1, 1p, rw, private|fixed|anonymous)   # Joins [2,3) if that was not touched.
)"},
    {"own_advice", "basic,advise_several", R"(
mmap(+0, 1p, rw, private|fixed|anonymous)
process_madvise(dont_fork, first_of, +0, 1p, +0, 0p)    # Is all advice taken?
process_madvise(5, none_of, +0, 0p, +0, 0p)             # And one that nobody knows?
)"},
    {"limits_come_before_clearing", "basic,limit", R"(
mmap(+0, 2p, rw, private|fixed|anonymous)
limit(address_space, in_use_and, 0p)
mmap(+1, 2p, r, private|fixed|anonymous)    # A page too many. Is [1,2) cut off?
)"},
    {"refused_cut_is_no_memory", "basic,place", R"(
mmap(0x3f200000, 512p, r, private|fixed|anonymous|no_reserve|huge_tlb)
mmap(0x3f201000, 1p, r, private|fixed|anonymous)    # Inside of a huge page: EINVAL or ENOMEM?
)"},
    {"knows_above_4g", "basic,file", R"(
mmap(+0, 1p, r, shared_validate|fixed|above_4g, first, 0p)
)"},
    {"stack_mappings_refuse_huge_pages", "stack", R"(
mmap(+0, 1p, rw, private|fixed|anonymous|stack)
)"},
    {"places_for_huge_pages", "basic,place", R"(
mmap(+1, 1p, r, private|fixed|anonymous)
mmap(0x0, 1024p, r, private|anonymous)      # Right below that, or at a multiple of 2 MiB.
)"},
    {"huge_pages_have_own_chooser", "basic,place", R"(
mmap(0x3f201000, 1p, r, private|anonymous|no_reserve|huge_tlb)    # Up or down to 2 MiB?
)"},
});

struct Needed {
  std::string_view name;
  std::string_view what;
};
constexpr auto all_needed = std::to_array<Needed>({
    {"driver_flags_join_again", "a file whose driver changes the flags of what maps it"},
    {"remap_count", "a process close to the limit of its areas: --shape crowded"},
    {"do_fork_refuses_special", "memory of a device"},
    {"seals_only_64_bit_spaces", "a 32-bit program"},
});

Sequence parse_calls(std::string_view text) {
  Sequence calls;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = without_remark(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (line.empty()) continue;
    const auto call = parse_call(line);
    if (!call) abort();
    calls.push_back(*call);
  }
  return calls;
}

Call mmap_page(std::uint64_t at) {
  Call call;
  call.address = arena_start + at * page;
  call.length = page;
  call.protection = 3;
  call.flags = 0x32;  // private|fixed|anonymous
  return call;
}

/// Areas without end, so that the limit is met; then, with one area less each time, calls of mremap
/// that ask for more or less room than there is.
Sequence calls_at_the_count_limit(const Shape& shape) {
  constexpr std::uint64_t rounds = 12;
  Sequence calls;
  for (std::uint64_t at = 0; at + 1 < shape.pages; at += 2) calls.push_back(mmap_page(at));
  for (std::uint64_t round = 1; round <= rounds; ++round) {
    Call unmap;
    unmap.operation = Operation::munmap;
    unmap.address = arena_start + 2 * round * page;
    unmap.length = page;
    Call remap;
    remap.operation = Operation::mremap;
    remap.address = arena_start;
    remap.length = remap.new_length = page;
    Call keep = remap;
    keep.flags = 7;  // may_move|fixed|dont_unmap
    keep.new_address = arena_start + (2 * rounds + 1) * page;
    calls.insert(calls.end(), {unmap, remap, keep});
  }
  return calls;
}

}  // namespace

std::vector<Clue> directed_clues(const Shape& shape, Kinds kinds) {
  std::vector<Clue> clues;
  const auto add = [&](std::string_view at, Kinds needed, Sequence calls) {
    if ((needed & ~kinds) != 0) return;
    clues.push_back({std::move(calls), fmt::format("directed at {}", at), at});
  };
  for (const Directed& directed : all_directed) {
    Kinds needed = 0;
    if (!parse_kinds(directed.kinds, needed)) abort();
    add(directed.at, needed, parse_calls(directed.calls));
  }
  constexpr std::uint64_t enough = 65'300;  // And 200 in the arena are more than the limit.
  if (shape.crowd >= enough && shape.pages >= crowded_shape.pages) {
    add("remap_count", kind_bit(Kind::map) | kind_bit(Kind::unmap) | kind_bit(Kind::keep),
        calls_at_the_count_limit(shape));
  }
  return clues;
}

std::string_view needed_to_show(std::string_view name) {
  for (const Needed& needed : all_needed) {
    if (needed.name == name) return needed.what;
  }
  return {};
}

}  // namespace vmarea::live
