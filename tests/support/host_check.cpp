// SPDX-License-Identifier: MIT
#include "support/host_check.hpp"

#include <set>

#include <fmt/core.h>

#include "support/reverse_map_check.hpp"
#include "support/snapshot.hpp"

namespace vmarea::test {

std::string what_is_wrong_in_reverse_map(const TestSpaces& spaces) {
  return ReverseMapCheck<TestServices>(spaces).wrong();
}

std::string what_is_wrong_in_pages(const SpaceState<TestServices>& space) {
  namespace pt = shims::page_table;
  std::string wrong;
  const auto expect = [&](bool kept, const char* what, std::uint64_t page) {
    if (!kept && wrong.empty()) wrong = fmt::format("{}: page {:x}", what, page);
  };
  const Geometry geometry = space.services.geometry();
  std::set<std::uint64_t> tokens;
  space.pages.for_each_page(0, ~std::uint64_t{0}, [&](std::uint64_t page, pt::Entry entry) {
    const TestArea* area = find_area(space, page << geometry.page_shift);
    expect(area != nullptr, "25: a page without an area", page);
    expect(tokens.insert(pt::token_of(entry)).second, "25: a token that is mapped twice", page);
    if (area == nullptr || (entry & pt::fresh) != 0) return;
    expect(entry == pt::protected_entry(entry, area->flags), "26: a page's protection", page);
  });
  space.pages.for_each_table([&](unsigned, pt::Pages span) {
    const Address first = span.first << geometry.page_shift;
    const Address upto = span.upto << geometry.page_shift;
    expect(find_intersection(space, {first, upto}) != nullptr, "27: a table without an area",
           span.first);
  });
  expect(space.pages.pool_size() == 0, "27: spare tables", 0);
  return wrong;
}

}  // namespace vmarea::test
