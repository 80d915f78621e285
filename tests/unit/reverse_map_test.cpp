// SPDX-License-Identifier: MIT
//
// Chains, identities and file trees, as calls make them and by hand (rules 19,
// 20). That the checker of our tests sees what is broken is shown at the end.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "support/test_space.hpp"

namespace vmarea::test {
namespace {

using Columns = std::vector<std::uint64_t>;

const auto& identity_at(const TestSpace& space, std::uint64_t column) {
  return TestServices::identity_of(*space.area(column));
}

/// The first columns of the areas that may map these pages of the identity.
Columns areas_with(AnonIdentity identity, std::uint64_t first, std::uint64_t last) {
  Columns found;
  TestServices::for_each_area(identity, first, last, [&](const TestArea& area) {
    found.push_back((area.start - TestSpace::base) >> 12);
  });
  return found;
}
Columns areas_with(const TestFile* file, std::uint64_t first, std::uint64_t last) {
  Columns found;
  TestServices::for_each_area(*file->mapping, first, last, [&](const TestArea& area) {
    found.push_back((area.start - TestSpace::base) >> 12);
  });
  return found;
}

TEST(Identity, of_a_first_touch_has_one_link_and_is_its_own_parent) {
  const TestSpace space("aa..");
  EXPECT_EQ(space.area(0)->reverse_map.chain_length, 1u);
  EXPECT_EQ(identity_at(space, 0).active, 1u);
  EXPECT_EQ(identity_at(space, 0).children, 1u);
  EXPECT_EQ(identity_at(space, 0).parent, identity_at(space, 0).root);
}

TEST(Identity, is_cloned_by_a_split_and_dropped_by_a_merge) {
  TestSpace space("aaaaaa");
  ASSERT_TRUE(space.mprotect(TestSpace::range_of("  **"), prot::read));
  EXPECT_EQ(identity_at(space, 0).active, 3u);
  EXPECT_EQ(areas_with(space.area(0)->identity, 0x102, 0x103), Columns{2});
  EXPECT_EQ(areas_with(space.area(0)->identity, 0x101, 0x104), (Columns{0, 2, 4}));
  ASSERT_TRUE(space.mprotect(TestSpace::range_of("  **"), prot::read | prot::write));
  EXPECT_EQ(identity_at(space, 0).active, 1u);
  EXPECT_EQ(areas_with(space.area(0)->identity, 0, ~std::uint64_t{0}), Columns{0});
}

TEST(Identity, of_a_moved_area_keeps_its_page_offsets) {
  TestSpace space("aaaa....");
  ASSERT_TRUE(space.mremap({.address = TestSpace::column(1),
                            .old_length = 0x1000,
                            .new_length = 0x1000,
                            .flags = remap::may_move | remap::fixed,
                            .new_address = TestSpace::column(6)}));
  EXPECT_EQ(areas_with(space.area(6)->identity, 0x101, 0x101), Columns{6});
}

TEST(Fork, gives_a_child_one_link_more_and_a_parent_one_child_more) {
  const std::unique_ptr<TestSpace> parent = std::make_unique<TestSpace>("aa");
  const auto child = parent->fork();
  ASSERT_NE(child, nullptr);
  EXPECT_EQ(child->area(0)->reverse_map.chain_length, 2u);
  EXPECT_EQ(identity_at(*child, 0).parent, &identity_at(*parent, 0));
  EXPECT_EQ(identity_at(*parent, 0).children, 2u);
  EXPECT_EQ(areas_with(parent->area(0)->identity, 0x100, 0x100).size(), 2u);
  EXPECT_EQ(areas_with(child->area(0)->identity, 0x100, 0x100).size(), 1u);
  const auto grandchild = child->fork();
  ASSERT_NE(grandchild, nullptr);
  EXPECT_EQ(grandchild->area(0)->reverse_map.chain_length, 3u);
  EXPECT_EQ(identity_at(*grandchild, 0).root, &identity_at(*parent, 0));
}

TEST(Fork, of_untouched_or_wiped_memory_gives_no_identity) {
  TestSpace space("AAaa");
  ASSERT_TRUE(space.madvise(TestSpace::range_of("**"), Advice::wipe_on_fork));
  const auto child = space.fork();
  ASSERT_NE(child, nullptr);
  EXPECT_FALSE(child->area(0)->identity);
}

TEST(Fork, of_untouched_memory_takes_nothing) {
  TestSpace space("AA");
  TestServices::LinkReservation taken;
  ASSERT_TRUE(space.state().services.reserve_fork(taken, *space.area(0)));
  EXPECT_EQ(taken.links, nullptr);
  EXPECT_EQ(taken.identities, nullptr);
  space.state().services.unreserve_links(taken);
}

/// Locks that are counted.
struct CountedLock {
  int held = 0;
  void lock() noexcept { ++held; }
  void unlock() noexcept { --held; }
};
struct LockingHost : shims::ReverseMap<LockingHost, CountedLock> {
  static void release_link(void*, std::size_t, std::size_t) noexcept {}
};

TEST(Fork, of_an_area_without_links_gives_no_identity) {
  TestSpace space("A.A");
  TestServices::LinkReservation links;
  EXPECT_FALSE(space.state().services.fork_links(links, *space.area(2), *space.area(0)));
  EXPECT_EQ(space.area(2)->reverse_map.chain_length, 0u);
}

TEST(Identity, is_locked_at_its_root) {
  shims::Identity<CountedLock> root;
  root.root = root.parent = &root;
  root.link_count = 1;
  shims::Identity<CountedLock> child;
  child.root = child.parent = &root;
  LockingHost host;
  host.lock_identity(shims::identity_value(&child, 2));
  EXPECT_EQ(root.lock.held, 1);
  EXPECT_EQ(child.lock.held, 0);
  host.unlock_identity(shims::identity_value(&child, 2));
  EXPECT_EQ(root.lock.held, 0);
}

TEST(Fork, adopts_an_identity_without_active_area_and_with_one_child_at_most) {
  auto parent = std::make_unique<TestSpace>("aa");
  auto child = parent->fork();
  auto grandchild = child->fork();
  ASSERT_NE(grandchild, nullptr);
  const auto* forsaken = &identity_at(*child, 0);
  child.reset();  // Its identity is held by the grandchild's chain alone.
  EXPECT_EQ(forsaken->active, 0u);
  EXPECT_EQ(forsaken->children, 1u);
  const auto next = grandchild->fork();
  ASSERT_NE(next, nullptr);
  EXPECT_EQ(&identity_at(*next, 0), forsaken);
  EXPECT_EQ(next->area(0)->reverse_map.chain_length, 3u) << "no longer than the parent's";
  EXPECT_TRUE(next->area(0)->identity.fork_child());
  EXPECT_EQ(forsaken->active, 1u);
}

TEST(Fork, adopts_no_identity_with_two_children) {
  auto parent = std::make_unique<TestSpace>("aa");
  auto child = parent->fork();
  parent.reset();  // The root counts itself, and the child.
  const auto grandchild = child->fork();
  ASSERT_NE(grandchild, nullptr);
  EXPECT_EQ(grandchild->area(0)->reverse_map.chain_length, 3u);
  EXPECT_EQ(identity_at(*grandchild, 0).parent, &identity_at(*child, 0));
}

TEST(Fork, lets_spaces_end_in_any_order) {
  auto parent = std::make_unique<TestSpace>("aaffSS");
  auto child = parent->fork();
  auto grandchild = child->fork();
  parent.reset();
  child->check();
  grandchild.reset();
  child->check();
}  // The host's balance is checked at the end of the last one.

TEST(FileTree, answers_which_areas_map_a_page) {
  TestSpace space("FFFF..SS");
  const TestFile* file = space.legend['F'].file;
  EXPECT_EQ(areas_with(file, 0, 9), (Columns{0, 6}));
  EXPECT_EQ(areas_with(file, 4, 5), Columns{});
  ASSERT_TRUE(space.munmap(TestSpace::range_of(" **")));
  EXPECT_EQ(areas_with(file, 0, 5), (Columns{0, 3}));
  EXPECT_EQ(areas_with(file, 1, 2), Columns{});
}

TEST(FileTree, counts_areas_that_are_shared_and_may_be_written) {
  TestSpace space("FFSSSS");
  const TestFile* file = space.legend['S'].file;
  EXPECT_EQ(file->mapping->writable_count, 1u);
  ASSERT_TRUE(space.mprotect(TestSpace::range_of("   **"), prot::read));
  EXPECT_EQ(file->mapping->writable_count, 3u) << "they may become writable again";
  const auto child = space.fork();
  EXPECT_EQ(file->mapping->writable_count, 6u);
  ASSERT_TRUE(space.munmap(TestSpace::range_of("  ****")));
  EXPECT_EQ(file->mapping->writable_count, 3u);
}

TEST(FileTree, is_shared_by_two_open_files_of_one_inode) {
  TestSpace space;
  TestFile* first = space.host().make_file();
  TestFile* second = space.host().make_file();
  second->mapping = first->mapping;
  space.legend['F'].file = first;
  space.legend['G'].file = second;
  space.build("FFGG");
  EXPECT_EQ(areas_with(first, 0, 9), (Columns{0, 2}));
}

/// The first thing that is wrong while `breaks` is done to the space, which `mends` undoes.
template <class Breaks, class Mends>
std::string seen(TestSpace& space, Breaks&& breaks, Mends&& mends) {
  breaks();
  const std::string wrong = what_is_wrong_in_reverse_map({&space.state()});
  mends();
  space.check();
  return wrong.substr(0, wrong.find(':'));
}

TEST(ReverseMapCheck, sees_each_broken_invariant) {
  TestSpace space("aa.SSff");
  TestArea& area = *space.area(0);
  TestArea& shared = *space.area(3);
  auto& identity = *shims::identity_object<shims::NoIdentityLock>(area.identity);
  const AnonIdentity was = area.identity;
  EXPECT_EQ(seen(
                space, [&] { area.identity = {}; }, [&] { area.identity = was; }),
            "20");
  EXPECT_EQ(seen(
                space, [&] { area.identity = was.as_fork_child(); }, [&] { area.identity = was; }),
            "20");
  EXPECT_EQ(
      seen(
          space, [&] { area.identity = space.area(5)->identity; }, [&] { area.identity = was; }),
      "20");
  auto& length = area.reverse_map.chain_length;
  EXPECT_EQ(seen(
                space, [&] { identity.parent = nullptr; }, [&] { identity.parent = &identity; }),
            "21");
  EXPECT_EQ(seen(
                space, [&] { area.page_offset += 1; }, [&] { area.page_offset -= 1; }),
            "22");
  EXPECT_EQ(seen(
                space, [&] { identity.links.remove(*area.reverse_map.newest); },
                [&] { identity.links.insert(*area.reverse_map.newest); }),
            "22");
  EXPECT_EQ(seen(
                space, [&] { ++identity.active; }, [&] { --identity.active; }),
            "23");
  EXPECT_EQ(seen(
                space, [&] { ++identity.children; }, [&] { --identity.children; }),
            "23");
  EXPECT_EQ(seen(
                space, [&] { ++identity.link_count; }, [&] { --identity.link_count; }),
            "23");
  shims::FileMapping& mapping = *space.legend['S'].file->mapping;
  shims::IntervalNode& node = shared.reverse_map.file_link;
  EXPECT_EQ(seen(
                space, [&] { mapping.areas.remove(node); }, [&] { mapping.areas.insert(node); }),
            "24");
  EXPECT_EQ(seen(
                space, [&] { ++mapping.writable_count; }, [&] { --mapping.writable_count; }),
            "24");
  EXPECT_EQ(length, 1u);
}

TEST(ReverseMapCheck, sees_a_broken_interval_tree) {
  TestSpace space("ff.FF");
  shims::IntervalNode& node = space.area(0)->reverse_map.file_link;
  const std::uint64_t largest = node.max_last;
  EXPECT_EQ(seen(
                space, [&] { node.max_last = 99; }, [&] { node.max_last = largest; }),
            "24");
}

TEST(IntervalTree, check_looks_at_what_lies_left_and_right) {
  shims::IntervalNode nodes[64];
  shims::IntervalTree tree;
  const auto fill = [&](std::size_t shift) {
    for (std::size_t i = 0; i < 64; ++i) {
      nodes[i].first = nodes[i].last = (i + shift) % 64 + 1;
      tree.insert(nodes[i]);
    }
    const shims::IntervalNode* root = nodes;
    while (root->parent != nullptr) root = root->parent;
    return root;
  };
  // Addresses decide which node is the root: that one gets the key in the middle.
  const auto at = static_cast<std::size_t>(fill(0) - nodes);
  for (shims::IntervalNode& node : nodes) tree.remove(node);
  EXPECT_TRUE(tree.empty());
  const shims::IntervalNode* const root = fill(32 + 64 - at);
  ASSERT_NE(root->left, nullptr);
  ASSERT_NE(root->right, nullptr);
  for (shims::IntervalNode* node : {root->left, root->right}) {
    EXPECT_EQ(tree.check(), nullptr);
    const std::uint64_t last = std::exchange(node->last, 0);
    EXPECT_STREQ(tree.check(), "an interval ends before it begins");
    node->last = last;
  }
}

class BrokenIntervalTree : public ::testing::Test {
 protected:
  /// Three nodes with keys 2, 4 and 6, of which the one in the middle is the root.
  BrokenIntervalTree() {
    for (shims::IntervalNode& node : nodes_) tree_.insert(node);
    const auto root = static_cast<std::size_t>(
        std::find_if(nodes_, nodes_ + 3, [](const auto& node) { return node.parent == nullptr; }) -
        nodes_);
    for (shims::IntervalNode& node : nodes_) tree_.remove(node);
    std::uint64_t key = 2;
    for (const std::size_t at : {(root + 1) % 3, root, (root + 2) % 3}) {
      nodes_[at].first = nodes_[at].last = std::exchange(key, key + 2);
      tree_.insert(nodes_[at]);
    }
    root_ = &nodes_[root];
  }
  /// What the check says while something is broken.
  template <class T>
  std::string seen(T& value, T broken) {
    const T was = std::exchange(value, broken);
    const char* const said = tree_.check();
    value = was;
    EXPECT_EQ(tree_.check(), nullptr);
    return said == nullptr ? "" : said;
  }

  shims::IntervalNode nodes_[3];
  shims::IntervalTree tree_;
  shims::IntervalNode* root_;
};

TEST_F(BrokenIntervalTree, is_seen_by_its_links) {
  ASSERT_NE(root_->left, nullptr);
  ASSERT_NE(root_->right, nullptr);
  EXPECT_EQ(seen(root_->parent, root_->left), "the root of an interval tree has a parent");
  for (shims::IntervalNode* child : {root_->left, root_->right}) {
    EXPECT_EQ(seen<shims::IntervalNode*>(child->parent, nullptr),
              "an interval node's parent is wrong");
  }
}

TEST_F(BrokenIntervalTree, is_seen_by_the_order_of_its_keys) {
  shims::IntervalNode& left = *root_->left;
  shims::IntervalNode& right = *root_->right;
  EXPECT_EQ(seen<std::uint64_t>(right.first, 3), "an interval tree is out of order");
  EXPECT_EQ(seen<std::uint64_t>(left.first, 5), "an interval tree is out of order");
  EXPECT_EQ(seen<std::uint64_t>(left.first, 3), "an interval ends before it begins");
}

TEST(IntervalTree, that_is_no_heap_is_seen) {
  shims::IntervalNode nodes[2];
  {
    shims::IntervalTree both;
    for (shims::IntervalNode& node : nodes) both.insert(node);
  }
  const bool first_is_root = nodes[0].parent == nullptr;
  shims::IntervalNode& higher = nodes[first_is_root ? 0 : 1];
  shims::IntervalNode& lower = nodes[first_is_root ? 1 : 0];
  shims::IntervalTree tree;
  tree.insert(lower);
  lower.right = &higher;
  higher.left = higher.right = nullptr;
  higher.parent = &lower;
  EXPECT_STREQ(tree.check(), "an interval tree is not a heap");
}

}  // namespace
}  // namespace vmarea::test
