// SPDX-License-Identifier: MIT
//
// Nodes that a fork takes from a published tree: the child's is copied whole, and what is not
// inherited is then taken out of it, which copies nodes once more.
//
//   parent  [..)[dont_copy)[..)     child  [..)          [..)
#include <utility>

#include <gtest/gtest.h>
#include <vmarea/space/check.hpp>
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/threaded.hpp>

namespace vmarea::test {
namespace {

/// Writes down what it is asked for; has more of them, or none.
template <class Plain>
struct WatchedTree : Plain {
  using Plain::Plain;
  static inline std::size_t asked = 0;
  static inline std::size_t more = 0;
  static inline bool refuses = false;

  bool reserve(std::size_t count) noexcept {
    asked += count;
    return !refuses && Plain::reserve(count + more);
  }
};

struct Guest : shims::ThreadedOf<Guest> {
  static constexpr bool checks = true;
  static constexpr shims::MapleTreeOptions options{.mode = shims::WriteMode::published};
  template <class AreaType>
  using Tree = WatchedTree<
      shims::MapleTree<AreaType, shims::ThreadedMemory<>::Nodes, options, shims::ThreadedFacts>>;
  template <class AreaType>
  Tree<AreaType> make_tree() {
    return Tree<AreaType>{nodes()};
  }
};

class ForkNodes : public testing::Test {
 protected:
  using Tree = SpaceState<Guest>::Tree;
  static constexpr std::uint64_t areas = 9;
  static constexpr std::uint64_t left_out = 4;
  static constexpr Range area(std::uint64_t number) {
    return {0x1000'0000 + number * 0x2000, 0x1000'1000 + number * 0x2000};
  }

  void SetUp() override {
    for (std::uint64_t i = 0; i < areas; ++i) {
      ASSERT_TRUE(parent.mmap({.address = area(i).start,
                               .length = area(i).length(),
                               .protection = prot::read,
                               .flags = map::private_ | map::anonymous | map::fixed}));
    }
    ASSERT_TRUE(parent.madvise(area(left_out), Advice::dont_fork));
    Tree::asked = 0;
  }
  void TearDown() override {
    Tree::refuses = false;
    Tree::more = 0;
  }

  AddressSpace<Guest> parent, child;
};

TEST_F(ForkNodes, suffice_for_what_is_taken_out_and_are_no_more) {
  const std::size_t wanted =
      parent.state().tree.nodes_needed(area(left_out).start, area(left_out).end - 1, 0, 0, nullptr);
  ASSERT_NE(wanted, 0u);
  ASSERT_TRUE(parent.fork_into(child));
  EXPECT_EQ(Tree::asked, wanted);
  EXPECT_EQ(child.area_count(), areas - 1);
  EXPECT_EQ(child.find(area(left_out).start), nullptr);
  EXPECT_FALSE(check(child));
}

TEST_F(ForkNodes, that_are_lacking_leave_an_empty_child) {
  Tree::refuses = true;
  EXPECT_EQ(parent.fork_into(child).code(), Error::no_memory);
  EXPECT_EQ(child.state().tree.size(), 0u);
  EXPECT_EQ(child.find_at_or_above(0), nullptr);
  Tree::refuses = false;
  EXPECT_TRUE(parent.fork_into(child)) << "there is enough again";
  EXPECT_EQ(child.area_count(), areas - 1);
}

TEST_F(ForkNodes, that_were_not_needed_are_given_back) {
  Tree::more = 50;
  ASSERT_TRUE(parent.fork_into(child));
  EXPECT_EQ(child.state().tree.at_hand_for_test(), 0u);
}

TEST_F(ForkNodes, default_locks_of_the_child_end) {
  ASSERT_TRUE(child.mlockall(mlockall::future));
  ASSERT_TRUE(parent.fork_into(child));
  EXPECT_EQ(child.state().default_flags, Flags{});
}

}  // namespace
}  // namespace vmarea::test
