// SPDX-License-Identifier: MIT
//
// A walk over all areas of some spaces that counts again what the reverse map counts. The numbers
// are those of what_is_wrong_in_reverse_map().
//
//   EXPECT_EQ(ReverseMapCheck<Host>({&parent.state(), &child.state()}).wrong(), "");
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <fmt/core.h>
#include <vmarea/string.hpp>
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/reverse_map.hpp>

namespace vmarea::test {

/// What is wrong between spaces and the reverse map that they share; all of its areas are theirs.
/// Requires: `Lock` is that of the identities, and nobody changes anything meanwhile.
template <class Host, class Lock = shims::NoIdentityLock>
class ReverseMapCheck {
 public:
  explicit ReverseMapCheck(const std::vector<const SpaceState<Host>*>& spaces) {
    for (const SpaceState<Host>* space : spaces) {
      for (auto cursor = space->tree.seek(0); cursor.entry(); cursor.next()) {
        check_area(*space, *cursor.entry().value);
      }
    }
    if (wrong_.empty()) check_identities();  // It follows pointers.
    check_files();
  }
  const std::string& wrong() const { return wrong_; }

 private:
  using Identity = shims::Identity<Lock>;
  using LinkType = shims::Link<Area<Host>, Lock>;

  /// Found by walking over all areas.
  struct Found {
    std::uint32_t active = 0;
    std::uint32_t links = 0;
    std::uint32_t children = 0;
  };
  struct FoundFile {
    std::uint32_t areas = 0;
    std::uint64_t writable = 0;
  };

  void expect(bool kept, const char* what) {
    if (!kept && wrong_.empty()) wrong_ = what;
  }
  void expect(bool kept, const char* what, const Area<Host>& area) {
    if (!kept && wrong_.empty()) wrong_ = fmt::format("{}: {}", what, to_string(area));
  }

  void check_area(const SpaceState<Host>& space, const Area<Host>& area) {
    geometry_ = space.services.geometry();
    const auto& entry = area.reverse_map;
    expect(static_cast<bool>(area.identity) == (entry.newest != nullptr), "20: links and identity",
           area);
    expect(!area.identity || area.identity.fork_child() == (entry.chain_length != 1),
           "20: fork child and chain length", area);
    std::set<const Identity*> chain;
    for (const LinkType* link = entry.newest; link != nullptr; link = link->older) {
      check_link(area, *link, chain);
    }
    expect(chain.size() == entry.chain_length, "21: length of the chain", area);
    if (area.identity) {
      const Identity* identity = &Host::identity_of(area);
      expect(chain.contains(identity), "20: an identity outside the chain", area);
      ++identities_[identity].active;
    }
    for (const Identity* identity : chain) {
      expect(chain.contains(identity->parent), "21: a chain without a parent", area);
    }
    if (area.file != nullptr) check_file(area);
  }

  void check_link(const Area<Host>& area, const LinkType& link, std::set<const Identity*>& chain) {
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

  bool has_key(const shims::IntervalNode& node, const Area<Host>& area) const {
    return node.first == area.page_offset &&
           node.last == area.page_offset + geometry_.pages(area.length()) - 1;
  }

  void check_file(const Area<Host>& area) {
    const shims::FileMapping& mapping = Host::mapping_of(area.file);
    FoundFile& found = files_[&mapping];
    ++found.areas;
    if (area.flags.has_all(flag::shared_may_write)) ++found.writable;
    expect(has_key(area.reverse_map.file_link, area), "24: a file link's pages", area);
    unsigned seen = 0;
    Host::for_each_area(mapping, area.page_offset, area.page_offset,
                        [&](const Area<Host>& other) { seen += &other == &area ? 1u : 0u; });
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

  Geometry geometry_{};
  std::string wrong_;
  std::map<const Identity*, Found> identities_;
  std::map<const shims::FileMapping*, FoundFile> files_;
};

}  // namespace vmarea::test
