// SPDX-License-Identifier: MIT
//
// One random call: numbers that mean something in any space, so that a sequence still makes sense
// when calls are left out of it. Columns are pages of the window that all calls work in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <fmt/core.h>

namespace vmarea::test::every_call {

enum class Kind : unsigned {
  map_anonymous,
  map_shared,
  map_file,
  map_anywhere,
  map_oddly,  // Flags that are rare.
  unmap,
  protect,
  resize,
  move,
  move_fixed,  // Over whatever lies there, from whatever lies there.
  move_resized,
  keep,  // DONTUNMAP
  keep_fixed,
  duplicate,  // Old length 0.
  brk,
  advise,
  advise_guard,
  populate,
  lock,
  lock2,
  unlock,
  lock_all,
  unlock_all,
  seal,
  merge_same_pages,
  deny_write_exec,
  watch,
  unwatch,
  release,
  set_policy,
  set_home_node,
  set_name,
  attach,
  detach,
  touch,
  grow_stack,
  find_or_grow,
  cover,
  sync,
  in_core,
  advise_several,
  remap_file,
  protect_key,
  insert,
  insert_special,
  insert_stack,
  loader_brk,
  split,
  relocate,
  fork,
  count
};

struct KindFacts {
  const char* name;
  unsigned weight;  // How often it comes.
};

inline constexpr KindFacts kinds[] = {{"map_anonymous", 90},
                                      {"map_shared", 16},
                                      {"map_file", 44},
                                      {"map_anywhere", 14},
                                      {"map_oddly", 20},
                                      {"unmap", 14},
                                      {"protect", 60},
                                      {"resize", 16},
                                      {"move", 18},
                                      {"move_fixed", 40},
                                      {"move_resized", 14},
                                      {"keep", 14},
                                      {"keep_fixed", 16},
                                      {"duplicate", 10},
                                      {"brk", 20},
                                      {"advise", 36},
                                      {"advise_guard", 10},
                                      {"populate", 10},
                                      {"lock", 14},
                                      {"lock2", 6},
                                      {"unlock", 12},
                                      {"lock_all", 5},
                                      {"unlock_all", 6},
                                      {"seal", 2},
                                      {"merge_memory", 4},
                                      {"deny_write_exec", 1},
                                      {"watch", 28},
                                      {"unwatch", 12},
                                      {"release", 6},
                                      {"set_policy", 20},
                                      {"set_home_node", 14},
                                      {"set_name", 14},
                                      {"attach", 12},
                                      {"detach", 12},
                                      {"touch", 60},
                                      {"grow_stack", 10},
                                      {"find_or_grow", 6},
                                      {"cover", 12},
                                      {"sync", 10},
                                      {"in_core", 6},
                                      {"advise_several", 12},
                                      {"remap_file", 16},
                                      {"protect_key", 10},
                                      {"insert", 10},
                                      {"insert_special", 3},
                                      {"insert_stack", 3},
                                      {"loader_brk", 8},
                                      {"split", 8},
                                      {"relocate", 8},
                                      {"fork", 5}};
static_assert(std::size(kinds) == static_cast<std::size_t>(Kind::count));

struct Call {
  Kind kind = Kind::touch;
  std::uint64_t from = 0;  // In columns.
  std::uint64_t pages = 1;
  std::uint64_t to = 0;
  std::uint64_t to_pages = 1;
  std::uint64_t choice = 0;          // Protection, advice and the like.
  unsigned fails_at = 0;             // The attempt to take something that fails; 0: none.
  std::uint64_t crooked_start = 0;   // Added, in bytes; wraps.
  std::uint64_t crooked_length = 0;  // Taken away.
};

using Calls = std::vector<Call>;

inline constexpr std::uint64_t columns = 40;

inline std::string text_of(const Call& call) {
  std::string text = fmt::format(
      "{:<16} columns [{},{}) to [{},{}) choice {:x}", kinds[static_cast<unsigned>(call.kind)].name,
      call.from, call.from + call.pages, call.to, call.to + call.to_pages, call.choice);
  if (call.fails_at != 0) text += fmt::format(" fault {}", call.fails_at);
  if (call.crooked_start != 0) text += fmt::format(" start + {:#x}", call.crooked_start);
  if (call.crooked_length != 0) text += fmt::format(" length - {:#x}", call.crooked_length);
  return text + "\n";
}

inline std::string text_of(const Calls& calls) {
  std::string text;
  for (const Call& call : calls) text += text_of(call);
  return text;
}

/// Draws a call from numbers, of a seed or of bytes that a fuzzer changes:
///
///   numbers.kind()         the index of a kind, by weight
///   numbers.below(limit)   a number below the limit, which is at most 256
///   numbers.any()          any number
template <class Numbers>
Call draw_call(Numbers& numbers) {
  Call call;
  call.kind = static_cast<Kind>(numbers.kind());
  call.from = numbers.below(columns);
  call.pages = 1 + numbers.below(numbers.below(3) == 0 ? 14 : 4);
  if (call.kind <= Kind::map_anywhere) call.pages += numbers.below(6);
  call.to = numbers.below(columns);
  call.to_pages = 1 + numbers.below(8);
  call.choice = numbers.any();
  call.fails_at = numbers.below(10) == 0 ? 1 + static_cast<unsigned>(numbers.below(7)) : 0;
  // These go on without joins where memory runs out.
  const bool joins_if_memory = call.kind == Kind::lock_all || call.kind == Kind::unlock_all ||
                               call.kind == Kind::release || call.kind == Kind::unwatch;
  if (joins_if_memory && numbers.below(2) == 0) {
    call.fails_at = 1 + static_cast<unsigned>(numbers.below(2));
  }
  call.crooked_start = numbers.below(60) == 0 ? 0x234 : 0;
  call.crooked_length = numbers.below(30) == 0 ? 0x123 : 0;
  return call;
}

class SeededNumbers {
 public:
  explicit SeededNumbers(std::uint64_t seed) : random_(seed) {
    std::vector<unsigned> weights;
    for (const KindFacts& kind : kinds) weights.push_back(kind.weight);
    any_kind_ = std::discrete_distribution<unsigned>(weights.begin(), weights.end());
  }
  unsigned kind() { return any_kind_(random_); }
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  std::uint64_t any() { return random_(); }

 private:
  std::mt19937_64 random_;
  std::discrete_distribution<unsigned> any_kind_;
};

inline Calls make_calls(std::uint64_t seed, std::size_t count) {
  SeededNumbers numbers(seed);
  Calls calls(count);
  for (Call& call : calls) call = draw_call(numbers);
  return calls;
}

}  // namespace vmarea::test::every_call
