// SPDX-License-Identifier: MIT
#include "support/host_check.hpp"

#include <map>
#include <set>

#include <fmt/core.h>
#include <vmarea/string.hpp>

#include "support/snapshot.hpp"

namespace vmarea::test {

namespace {

using Identity = shims::Identity<shims::NoIdentityLock>;
using TestLink = shims::Link<TestArea, shims::NoIdentityLock>;

/// Found by walking over all areas.
struct Found {
  std::uint32_t active = 0;
  std::uint32_t links = 0;
  std::uint32_t children = 0;
};

class ReverseMapCheck {
 public:
  explicit ReverseMapCheck(const TestSpaces& spaces) {
    for (const SpaceState<TestServices>* space : spaces) {
      for (auto cursor = space->tree.seek(0); cursor.entry(); cursor.next()) {
        check_area(*space, *cursor.entry().value);
      }
    }
    if (wrong_.empty()) check_identities();  // It follows pointers.
    check_files();
  }
  const std::string& wrong() const { return wrong_; }

 private:
  void expect(bool kept, const char* what) {
    if (!kept && wrong_.empty()) wrong_ = what;
  }
  void expect(bool kept, const char* what, const TestArea& area) {
    if (!kept && wrong_.empty()) wrong_ = fmt::format("{}: {}", what, to_string(area));
  }

  void check_area(const SpaceState<TestServices>& space, const TestArea& area) {
    geometry_ = space.services.geometry();
    const auto& entry = area.reverse_map;
    expect(static_cast<bool>(area.identity) == (entry.newest != nullptr), "20: links and identity",
           area);
    expect(!area.identity || area.identity.fork_child() == (entry.chain_length != 1),
           "20: fork child and chain length", area);
    std::set<const Identity*> chain;
    for (const TestLink* link = entry.newest; link != nullptr; link = link->older) {
      check_link(area, *link, chain);
    }
    expect(chain.size() == entry.chain_length, "21: length of the chain", area);
    if (area.identity) {
      const Identity* identity = &TestServices::identity_of(area);
      expect(chain.contains(identity), "20: an identity outside the chain", area);
      ++identities_[identity].active;
    }
    for (const Identity* identity : chain) {
      expect(chain.contains(identity->parent), "21: a chain without a parent", area);
    }
    if (area.file != nullptr) check_file(area);
  }

  void check_link(const TestArea& area, const TestLink& link, std::set<const Identity*>& chain) {
    expect(chain.insert(link.identity).second, "21: an identity twice in a chain", area);
    expect(link.identity->root == (*chain.begin())->root, "21: two roots in a chain", area);
    expect(link.area == &area, "22: a link of another area", area);
    expect(has_key(link, area), "22: a link's pages", area);
    ++identities_[link.identity].links;
    unsigned seen = 0;
    link.identity->links.for_each_intersection(
        link.first, link.last,
        [&](const shims::IntervalNode& node) { seen += &node == &link ? 1u : 0u; });
    expect(seen == 1, "22: a link that is not in its tree", area);
  }

  bool has_key(const shims::IntervalNode& node, const TestArea& area) const {
    return node.first == area.page_offset &&
           node.last == area.page_offset + geometry_.pages(area.length()) - 1;
  }

  void check_file(const TestArea& area) {
    const shims::FileMapping& mapping = TestServices::mapping_of(area.file);
    FoundFile& found = files_[&mapping];
    ++found.areas;
    if (area.flags.has_all(flag::shared_may_write)) ++found.writable;
    expect(has_key(area.reverse_map.file_link, area), "24: a file link's pages", area);
    unsigned seen = 0;
    TestServices::for_each_area(mapping, area.page_offset, area.page_offset,
                                [&](const TestArea& other) { seen += &other == &area ? 1u : 0u; });
    expect(seen == 1, "24: an area that is not once in its file's tree", area);
  }

  void check_identities() {
    for (const auto& [identity, found] : identities_) ++identities_[identity->parent].children;
    for (const auto& [identity, found] : identities_) {
      expect(identity->links.check() == nullptr, "22: a broken interval tree");
      expect(found.links == identity->link_count && found.links == size_of(identity->links),
             "23: links of an identity");
      expect(found.active == identity->active, "23: active areas of an identity");
      expect(found.children == identity->children, "23: children of an identity");
    }
  }

  void check_files() {
    for (const auto& [mapping, found] : files_) {
      expect(mapping->areas.check() == nullptr, "24: a broken interval tree");
      expect(found.areas == size_of(mapping->areas), "24: strangers in a file's tree");
      expect(found.writable == mapping->writable_count, "24: the writable count");
    }
  }

  static std::uint32_t size_of(const shims::IntervalTree& tree) {
    std::uint32_t count = 0;
    tree.for_each_intersection(0, ~std::uint64_t{0}, [&](const shims::IntervalNode&) { ++count; });
    return count;
  }

  struct FoundFile {
    std::uint32_t areas = 0;
    std::uint64_t writable = 0;
  };

  Geometry geometry_{};
  std::string wrong_;
  std::map<const Identity*, Found> identities_;
  std::map<const shims::FileMapping*, FoundFile> files_;
};

}  // namespace

std::string what_is_wrong_in_reverse_map(const TestSpaces& spaces) {
  return ReverseMapCheck(spaces).wrong();
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
