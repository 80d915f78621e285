// SPDX-License-Identifier: MIT
//
// The tables themselves: a radix tree over page numbers with a pool of tables at hand.
//
//   page number   | 9 bits | 9 bits | 9 bits | 9 bits |       level 3 ... level 0
//   entry         | token ................. | fresh | x w r |        0: no page
//
// A fresh page was not protected since it was installed: its access bits say nothing yet. Tables
// are linked in by at() and out by free_tables(), and by nothing else.
#pragma once

#include <cstddef>
#include <cstdint>

#include <vmarea/types/flags.hpp>

namespace vmarea::shims::page_table {

using Entry = std::uint64_t;

inline constexpr unsigned level_bits = 9;
inline constexpr unsigned levels = 4;
inline constexpr std::size_t slots_per_table = std::size_t{1} << level_bits;
inline constexpr unsigned token_shift = 4;
inline constexpr Entry fresh = 8;

constexpr Entry protected_entry(Entry entry, Flags flags) noexcept {
  return (entry >> token_shift << token_shift) | (flags & flag::access).bits();
}
constexpr std::uint64_t token_of(Entry entry) noexcept {
  return entry >> token_shift;
}

/// Half-open, in pages.
struct Pages {
  std::uint64_t first = 0;
  std::uint64_t upto = 0;
};

constexpr std::uint64_t pages_per_slot(unsigned level) noexcept {
  return std::uint64_t{1} << (level_bits * level);
}

struct Table {
  std::uint64_t slots[slots_per_table] = {};  // Entries at level 0, else addresses of tables.

  Table* child(std::size_t slot) const noexcept {
    return reinterpret_cast<Table*>(static_cast<std::uintptr_t>(slots[slot]));
  }
  void set_child(std::size_t slot, Table* table) noexcept {
    slots[slot] = reinterpret_cast<std::uintptr_t>(table);
  }
  bool empty() const noexcept {
    for (const std::uint64_t slot : slots) {
      if (slot != 0) return false;
    }
    return true;
  }
};

/// How many tables pages need where none is. Pages are added by rising number.
struct TableCount {
  std::size_t total = 0;
  std::uint64_t last[levels] = {};

  constexpr void add(std::uint64_t page) noexcept {
    for (unsigned level = 0; level < levels; ++level) {
      const std::uint64_t table = page / pages_per_slot(level + 1) + 1;
      if (table != last[level]) ++total;
      last[level] = table;
    }
  }
};

/// The page tables of one address space. It owns no memory handle: a caller that frees areas asks
/// for the tables, too.
class Tables {
 public:
  Tables() = default;
  Tables(const Tables&) = delete;
  Tables& operator=(const Tables&) = delete;

  void add_to_pool(Table* table) noexcept {
    table->set_child(0, pool_);
    pool_ = table;
  }
  /// Null if the pool is empty.
  Table* take_from_pool() noexcept {
    Table* table = pool_;
    if (table == nullptr) return nullptr;
    pool_ = table->child(0);
    table->set_child(0, nullptr);
    return table;
  }

  /// How many tables at(page) would take.
  std::size_t missing_tables(std::uint64_t page) const noexcept {
    const Table* table = root_;
    unsigned level = levels;
    for (; table != nullptr && level > 1; --level) table = table->child(slot_of(page, level - 1));
    return table == nullptr ? level : 0;
  }

  /// The place of a page. Requires: the tables it lacks are in the pool.
  Entry& at(std::uint64_t page) noexcept {
    if (root_ == nullptr) root_ = take_from_pool();
    Table* table = root_;
    for (unsigned level = levels - 1; level > 0; --level) {
      const std::size_t slot = slot_of(page, level);
      if (table->child(slot) == nullptr) table->set_child(slot, take_from_pool());
      table = table->child(slot);
    }
    return table->slots[slot_of(page, 0)];
  }

  /// The entry of a page, 0 if there is none.
  Entry find(std::uint64_t page) const noexcept {
    Entry found = 0;
    for_each_page(page, page + 1, [&](std::uint64_t, const Entry& entry) { found = entry; });
    return found;
  }

  /// Calls visit(page, Entry&) for each present page of [first, upto), by rising number.
  template <class Visit>
  void for_each_page(std::uint64_t first, std::uint64_t upto, Visit&& visit) noexcept {
    if (root_ != nullptr) visit_below(*root_, levels - 1, 0, {first, upto}, visit);
  }
  template <class Visit>
  void for_each_page(std::uint64_t first, std::uint64_t upto, Visit&& visit) const noexcept {
    const auto as_const = [&](std::uint64_t page, const Entry& entry) { visit(page, entry); };
    if (root_ != nullptr) visit_below(*root_, levels - 1, 0, {first, upto}, as_const);
  }

  /// Calls release(Table*) for each table that has a page of `range` and none outside `between`.
  /// False if one of them is not empty; it stays.
  template <class Release>
  bool free_tables(Pages range, Pages between, Release&& release) noexcept {
    if (root_ == nullptr) return true;
    bool all_empty = free_below(*root_, levels - 1, 0, range, between, release);
    const bool whole = between.first == 0 && between.upto >= pages_per_slot(levels);
    if (whole && !end_if_empty(root_, release)) all_empty = false;
    if (whole && all_empty) root_ = nullptr;
    return all_empty;
  }

  /// Linked tables of a level; the root is the only one of the highest.
  std::size_t table_count(unsigned level) const noexcept {
    return root_ == nullptr ? 0 : count_below(*root_, levels - 1, level);
  }
  std::size_t pool_size() const noexcept {
    std::size_t count = 0;
    for (const Table* table = pool_; table != nullptr; table = table->child(0)) ++count;
    return count;
  }
  /// Calls visit(level, Pages) for each linked table.
  template <class Visit>
  void for_each_table(Visit&& visit) const {
    if (root_ != nullptr) visit_tables(*root_, levels - 1, 0, visit);
  }

 private:
  static constexpr std::size_t slot_of(std::uint64_t page, unsigned level) noexcept {
    return static_cast<std::size_t>(page / pages_per_slot(level)) % slots_per_table;
  }

  /// The slots of a table that starts at page `base` which meet `range`.
  static constexpr Pages slots_in(Pages range, std::uint64_t base, unsigned level) noexcept {
    const std::uint64_t span = pages_per_slot(level);
    const std::uint64_t end = base + span * slots_per_table;
    if (range.upto <= base || range.first >= end) return {0, 0};
    const std::uint64_t first = range.first > base ? (range.first - base) / span : 0;
    const std::uint64_t upto =
        range.upto < end ? (range.upto - base + span - 1) / span : slots_per_table;
    return {first, upto};
  }

  template <class Visit>
  static void visit_below(Table& table, unsigned level, std::uint64_t base, Pages range,
                          Visit& visit) noexcept {
    const Pages slots = slots_in(range, base, level);
    for (std::uint64_t i = slots.first; i < slots.upto; ++i) {
      const std::uint64_t start = base + i * pages_per_slot(level);
      if (table.slots[i] == 0) continue;
      if (level == 0) {
        visit(start, table.slots[i]);
      } else {
        visit_below(*table.child(i), level - 1, start, range, visit);
      }
    }
  }

  template <class Release>
  static bool end_if_empty(Table* table, Release& release) noexcept {
    if (!table->empty()) return false;
    release(table);
    return true;
  }

  template <class Release>
  static bool free_below(Table& table, unsigned level, std::uint64_t base, Pages range,
                         Pages between, Release& release) noexcept {
    if (level == 0) return true;
    bool all_empty = true;
    const Pages slots = slots_in(range, base, level);
    for (std::uint64_t i = slots.first; i < slots.upto; ++i) {
      Table* child = table.child(i);
      if (child == nullptr) continue;
      const std::uint64_t start = base + i * pages_per_slot(level);
      all_empty &= free_below(*child, level - 1, start, range, between, release);
      if (start < between.first || start + pages_per_slot(level) > between.upto) continue;
      if (end_if_empty(child, release)) {
        table.set_child(i, nullptr);
      } else {
        all_empty = false;
      }
    }
    return all_empty;
  }

  static std::size_t count_below(const Table& table, unsigned level, unsigned wanted) noexcept {
    if (level == wanted) return 1;
    std::size_t count = 0;
    for (std::size_t i = 0; i < slots_per_table; ++i) {
      if (table.child(i) != nullptr) count += count_below(*table.child(i), level - 1, wanted);
    }
    return count;
  }

  template <class Visit>
  static void visit_tables(const Table& table, unsigned level, std::uint64_t base, Visit& visit) {
    visit(level, Pages{base, base + pages_per_slot(level + 1)});
    if (level == 0) return;
    for (std::size_t i = 0; i < slots_per_table; ++i) {
      if (table.child(i) == nullptr) continue;
      visit_tables(*table.child(i), level - 1, base + i * pages_per_slot(level), visit);
    }
  }

  Table* root_ = nullptr;
  Table* pool_ = nullptr;
};

}  // namespace vmarea::shims::page_table
