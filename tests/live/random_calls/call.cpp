// SPDX-License-Identifier: MIT
#include "live/random_calls/call.hpp"

#include <array>
#include <bit>

#include <fmt/format.h>

namespace vmarea::live {
namespace {

constexpr std::array<std::string_view, kind_count> kind_names = {
    // As the kinds stand.
    "map",        "unmap",       "protect",
    "write",      "read",        "noreplace",
    "shared",     "file",        "populate",
    "stack",      "droppable",   "huge_tlb",
    "resize",     "move",        "keep",
    "duplicate",  "advise",      "discard",
    "guard",      "lock",        "lock_on_fault",
    "unlock",     "seal",        "place",
    "window",     "heap",        "limit",
    "userfault",  "policy",      "segment",
    "lock_all",   "merge_pages", "deny_write_exec",
    "imply_exec", "soft_dirty",  "copy",
    "sync",       "in_core",     "advise_several",
    "remap_file", "protect_key", "bad",
    "fork"};
static_assert(kind_names.back() == "fork");

}  // namespace

bool is_elsewhere(const Shape& shape, const Call& call, std::int64_t result) {
  const bool places = call.operation == Operation::mmap || call.operation == Operation::mremap ||
                      call.operation == Operation::attach;
  const auto address = static_cast<std::uint64_t>(result);
  const bool stays = (address >= arena_start && address < shape.end()) ||
                     (address >= low_start && address < low_end);
  return places && result >= 0 && !stays;  // Address 0 is a place, too.
}

std::uint64_t length_placed(const Call& call) {
  if (call.operation == Operation::attach) {
    return segment_bytes[static_cast<unsigned>(call.advice)];
  }
  if (call.operation != Operation::mmap) return call.new_length;
  const std::uint64_t inside = huge_page_bytes(call) - 1;
  return (call.length + inside) & ~inside;
}

std::uint64_t huge_page_bytes(const Call& call) {
  constexpr std::uint32_t huge_tlb = 0x40000;
  constexpr unsigned size_from = 26;
  if (call.operation != Operation::mmap || (call.flags & huge_tlb) == 0) return page;
  const unsigned named = call.flags >> size_from;
  return named == 0 ? huge_page_pages * page : std::uint64_t{1} << named;
}

unsigned count_kinds(Kinds kinds) {
  return static_cast<unsigned>(std::popcount(kinds));
}

std::string_view name_of(Kind kind) {
  return kind_names[static_cast<unsigned>(kind)];
}

bool parse_kinds(std::string_view text, Kinds& kinds) {
  kinds = text.starts_with('-') ? all_kinds : 0;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    std::string_view word = text.substr(0, comma);
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    const bool remove = word.starts_with('-');
    if (remove) word.remove_prefix(1);
    Kinds named = word == "all" ? all_kinds : word == "basic" ? basic_kinds : 0;
    for (unsigned kind = 0; kind < kind_count; ++kind) {
      if (word == kind_names[kind]) named = Kinds{1} << kind;
    }
    if (named == 0) return false;
    kinds = remove ? kinds & ~named : kinds | named;
  }
  return kinds != 0;
}

std::string text_of(Kinds kinds, Naming naming) {
  const bool shortest = naming == Naming::shortest;
  if (shortest && kinds == all_kinds) return "all";
  if (shortest && kinds == basic_kinds) return "basic";
  const bool most = shortest && 2 * count_kinds(kinds) > kind_count;
  std::string text = most ? "all" : "";
  for (unsigned kind = 0; kind < kind_count; ++kind) {
    const bool named = ((kinds >> kind) & 1) != 0;
    if (named == most) continue;
    text += fmt::format("{}{}{}", text.empty() ? "" : ",", most ? "-" : "", kind_names[kind]);
  }
  return text;
}

}  // namespace vmarea::live
