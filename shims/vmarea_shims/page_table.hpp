// SPDX-License-Identifier: MIT
//
// Simulated page tables: every present page holds a token, so that a test can show where each page
// went and that none was lost or seen twice.
//
//   level 3    [ | | ]            512 entries each, as on x86-64; a table is there as long as a
//   level 2   [ | | ]             page below it is, or was and free_tables() was not yet asked
//   level 1    [ | | ]
//   level 0   [t| |t]             tokens
//
//   struct Host : PageTables<Host>, ... {
//     void* allocate_table(std::size_t bytes, std::size_t alignment) noexcept;   null: none left
//     void release_table(void* table, std::size_t bytes, std::size_t alignment) noexcept;
//     std::uint64_t new_token() noexcept;    never 0, never the same twice
//   };
//
// reserve_ puts tables into a pool and touches nothing else: another change may free the empty
// tables of a place between reserve and use, so a reservation counts as if none were there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>

#include <vmarea/host/services.hpp>
#include <vmarea_shims/page_table/tables.hpp>

namespace vmarea::shims {

/// The page services of `Host`.
template <class Host>
class PageTables {
 public:
  static constexpr bool has_page_tables = true;
  using PageTable = page_table::Tables;

  /// Errors: no_memory; what was taken stays in the pool.
  Result<void> reserve_page(PageTable& pages, Address at) noexcept {
    return fill_pool(pages, pages.missing_tables(page(at)));
  }
  Result<void> reserve_page_move(PageTable& pages, Range from, Address to) noexcept {
    page_table::TableCount needed;
    pages.for_each_page(page(from.start), page(from.end), [&](std::uint64_t at, std::uint64_t) {
      needed.add(at - page(from.start) + page(to));
    });
    return fill_pool(pages, needed.total);
  }
  void unreserve_pages(PageTable& pages) noexcept {
    while (page_table::Table* table = pages.take_from_pool()) release(table);
  }

  void install_page(PageTable& pages, Address at) noexcept {
    page_table::Entry& entry = pages.at(page(at));
    if (entry == 0) entry = host().new_token() << page_table::token_shift | page_table::fresh;
  }
  void move_pages(PageTable& pages, Range from, Address to) noexcept {
    pages.for_each_page(page(from.start), page(from.end),
                        [&](std::uint64_t at, page_table::Entry& entry) {
                          page_table::Entry& there = pages.at(at - page(from.start) + page(to));
                          require<Host>(there == 0, "pages move to where no page is");
                          there = entry;
                          entry = 0;
                        });
  }
  void unmap_pages(PageTable& pages, Range range) noexcept {
    pages.for_each_page(page(range.start), page(range.end),
                        [](std::uint64_t, page_table::Entry& entry) { entry = 0; });
  }
  /// A page may be used as the area allows from now on.
  void protect_pages(PageTable& pages, Range range, Flags flags) noexcept {
    pages.for_each_page(page(range.start), page(range.end),
                        [&](std::uint64_t, page_table::Entry& entry) {
                          entry = page_table::protected_entry(entry, flags);
                        });
  }
  /// Frees the tables of `range` that lie wholly in `between`; an end at the limit is no bound.
  void free_tables(PageTable& pages, Range range, Range between) noexcept {
    const Geometry geometry = host().geometry();
    const std::uint64_t ceiling =
        between.end >= geometry.limit ? ~std::uint64_t{0} : page(between.end);
    const bool kept =
        pages.free_tables({page(range.start), page(range.end)}, {page(between.start), ceiling},
                          [&](page_table::Table* table) { release(table); });
    require<Host>(kept, "free_tables frees no table that holds pages");
  }
  /// Fork: the child sees the same pages. Errors: no_memory; the child has only some then.
  Result<void> copy_pages(PageTable& child, const PageTable& parent, Range range) noexcept {
    Result<void> result;
    parent.for_each_page(page(range.start), page(range.end),
                         [&](std::uint64_t at, const page_table::Entry& entry) {
                           if (!result) return;
                           result = fill_pool(child, child.missing_tables(at));
                           if (result) child.at(at) = entry;
                         });
    if (!result) unreserve_pages(child);
    return result;
  }

 private:
  Host& host() noexcept { return static_cast<Host&>(*this); }

  Result<void> fill_pool(PageTable& pages, std::size_t more) noexcept {
    for (; more > 0; --more) {
      void* memory = host().allocate_table(sizeof(page_table::Table), alignof(page_table::Table));
      if (memory == nullptr) return Error::no_memory;
      pages.add_to_pool(::new (memory) page_table::Table);
    }
    return {};
  }
  void release(page_table::Table* table) noexcept {
    host().release_table(table, sizeof(page_table::Table), alignof(page_table::Table));
  }
  std::uint64_t page(Address at) noexcept { return host().geometry().pages(at); }
};

}  // namespace vmarea::shims
