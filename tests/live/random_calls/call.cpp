// SPDX-License-Identifier: MIT
#include "live/random_calls/call.hpp"

#include <array>
#include <bit>
#include <utility>

#include <fmt/format.h>

namespace vmarea::live {
namespace {

constexpr std::array<std::string_view, kind_count> kind_names = {
    "map",      "unmap", "protect",   "write",         "read",   "noreplace", "shared",    "file",
    "populate", "stack", "droppable", "resize",        "move",   "keep",      "duplicate", "advise",
    "discard",  "guard", "lock",      "lock_on_fault", "unlock", "seal",      "bad",       "fork"};

struct Name {
  std::uint32_t bit;
  std::string_view text;
};

constexpr auto protection_names = std::to_array<Name>({{0x1, "r"}, {0x2, "w"}, {0x4, "x"}});
constexpr auto map_names = std::to_array<Name>({{0x10, "fixed"},
                                                {0x20, "anonymous"},
                                                {0x100, "grows_down"},
                                                {0x2000, "locked"},
                                                {0x4000, "no_reserve"},
                                                {0x8000, "populate"},
                                                {0x10000, "non_block"},
                                                {0x20000, "stack"},
                                                {0x80000, "sync"},
                                                {0x100000, "noreplace"}});
constexpr auto remap_names =
    std::to_array<Name>({{1, "may_move"}, {2, "fixed"}, {4, "dont_unmap"}});
constexpr auto advice_names = std::to_array<Name>({{0, "normal"},
                                                   {1, "random"},
                                                   {2, "sequential"},
                                                   {4, "dont_need"},
                                                   {8, "free"},
                                                   {9, "remove"},
                                                   {10, "dont_fork"},
                                                   {11, "do_fork"},
                                                   {12, "mergeable"},
                                                   {13, "unmergeable"},
                                                   {14, "huge_page"},
                                                   {15, "no_huge_page"},
                                                   {16, "dont_dump"},
                                                   {17, "do_dump"},
                                                   {18, "wipe_on_fork"},
                                                   {19, "keep_on_fork"},
                                                   {20, "cold"},
                                                   {21, "page_out"},
                                                   {22, "populate_read"},
                                                   {23, "populate_write"},
                                                   {24, "dont_need_locked"},
                                                   {102, "guard_install"},
                                                   {103, "guard_remove"}});
constexpr auto error_names = std::to_array<Name>({{1, "EPERM"},
                                                  {4, "EINTR"},
                                                  {9, "EBADF"},
                                                  {11, "EAGAIN"},
                                                  {12, "ENOMEM"},
                                                  {13, "EACCES"},
                                                  {14, "EFAULT"},
                                                  {16, "EBUSY"},
                                                  {17, "EEXIST"},
                                                  {19, "ENODEV"},
                                                  {22, "EINVAL"},
                                                  {26, "ETXTBSY"},
                                                  {75, "EOVERFLOW"},
                                                  {95, "EOPNOTSUPP"}});

template <class Names>
std::string join_bits(std::uint32_t bits, const Names& names, std::string_view separator) {
  std::string text;
  for (const Name& name : names) {
    if ((bits & name.bit) == 0) continue;
    bits &= ~name.bit;
    if (!text.empty()) text += separator;
    text += name.text;
  }
  if (bits != 0) text += fmt::format("{}{:#x}", text.empty() ? "" : separator, bits);
  return text.empty() ? "0" : text;
}

template <class Names>
std::string name_of_number(std::uint32_t number, const Names& names) {
  for (const Name& name : names) {
    if (name.bit == number) return std::string(name.text);
  }
  return fmt::format("{}", number);
}

std::string place(std::uint64_t address) {
  if (address < arena_start || address >= arena_end) return fmt::format("{:#x}", address);
  const std::uint64_t bytes = address - arena_start;
  if (bytes % page == 0) return fmt::format("+{}", bytes / page);
  return fmt::format("+{}:{:#x}", bytes / page, bytes % page);
}

std::string extent(std::uint64_t length) {
  if (length % page == 0 && length / page <= arena_pages) return fmt::format("{}p", length / page);
  return fmt::format("{:#x}", length);
}

std::string describe_mmap(const Call& call) {
  constexpr std::array<std::string_view, 4> files = {"first", "other_open", "second", "read_only"};
  constexpr std::array<std::string_view, 16> types = {
      "type0",     "shared", "private", "shared_validate", "type4",  "type5",  "type6",  "type7",
      "droppable", "type9",  "type10",  "type11",          "type12", "type13", "type14", "type15"};
  std::string text =
      fmt::format("mmap({}, {}, {}, {}|{}", place(call.address), extent(call.length),
                  join_bits(call.protection, protection_names, ""), types[call.flags & 0xf],
                  join_bits(call.flags & ~0xfu, map_names, "|"));
  if (call.file != File::none) {
    text += fmt::format(", {} at {}", files[static_cast<unsigned>(call.file)], extent(call.offset));
  } else if (call.offset != 0) {
    text += fmt::format(", offset {}", extent(call.offset));
  }
  return text + ")";
}

std::string describe_mremap(const Call& call) {
  std::string text = fmt::format("mremap({}, {}, {}, {}", place(call.address), extent(call.length),
                                 extent(call.new_length), join_bits(call.flags, remap_names, "|"));
  if ((call.flags & 6) != 0) text += fmt::format(", {}", place(call.new_address));
  return text + ")";
}

}  // namespace

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

std::string text_of(Kinds kinds) {
  if (kinds == all_kinds) return "all";
  if (kinds == basic_kinds) return "basic";
  const bool most = 2 * count_kinds(kinds) > kind_count;
  std::string text = most ? "all" : "";
  for (unsigned kind = 0; kind < kind_count; ++kind) {
    const bool named = ((kinds >> kind) & 1) != 0;
    if (named == most) continue;
    text += fmt::format("{}{}{}", text.empty() ? "" : ",", most ? "-" : "", kind_names[kind]);
  }
  return text;
}

std::string describe(const Call& call) {
  const auto range = [&](std::string_view name) {
    return fmt::format("{}({}, {}", name, place(call.address), extent(call.length));
  };
  switch (call.operation) {
    case Operation::mmap:
      return describe_mmap(call);
    case Operation::munmap:
      return range("munmap") + ")";
    case Operation::mprotect:
      return range("mprotect") + ", " + join_bits(call.protection, protection_names, "") + ")";
    case Operation::mremap:
      return describe_mremap(call);
    case Operation::madvise:
      return range("madvise") + ", " +
             name_of_number(static_cast<std::uint32_t>(call.advice), advice_names) + ")";
    case Operation::mlock:
      return range("mlock") + ")";
    case Operation::mlock_on_fault:
      return range("mlock_on_fault") + ")";
    case Operation::munlock:
      return range("munlock") + ")";
    case Operation::mseal:
      return range("mseal") + ")";
    case Operation::read:
      return fmt::format("read({})", place(call.address));
    case Operation::write:
      return fmt::format("write({})", place(call.address));
    case Operation::fork:
      break;
  }
  return call.flags == static_cast<std::uint32_t>(ForkGoesOn::in_child)
             ? "fork(), going on in the child"
             : "fork(), the child leaves at once";
}

std::string describe_result(Operation operation, std::int64_t result) {
  if (result == skipped) return "(left out)";
  if (result < 0) {
    const auto number = static_cast<std::uint32_t>(-result);
    if (operation == Operation::read || operation == Operation::write) return "fault";
    return name_of_number(number, error_names);
  }
  return result == 0 ? "0" : place(static_cast<std::uint64_t>(result));
}

}  // namespace vmarea::live
