// SPDX-License-Identifier: MIT
//
// A published tree copies every node that a call changes, so all of them are reserved. A call of
// several edits cuts an area, which splits a full leaf; what it joins next may then stand in the
// other half.
//
//   [..)[..)[normal      )[sequential)[..)    15 areas, one leaf
//   [..)[..)[n   )[random            )[..)    madvise(random): a cut, then a join
//                ^ the leaf splits at each place once
#include <random>

#include <gtest/gtest.h>
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/threaded.hpp>

namespace vmarea::test {
namespace {

/// Has more nodes at hand than were asked for, and tells when some of those are taken.
template <class Plain>
struct GenerousTree : Plain {
  using Plain::Plain;
  static constexpr std::size_t more = 8;

  bool reserve(std::size_t count) noexcept {
    reserved_ = true;
    return Plain::reserve(count + more);
  }
  void unreserve() noexcept {
    if (reserved_) {
      EXPECT_GE(this->at_hand_for_test(), more) << "more was taken than was counted";
    }
    reserved_ = false;
    Plain::unreserve();
  }

 private:
  bool reserved_ = false;
};

struct Guest : shims::ThreadedOf<Guest> {
  static constexpr shims::MapleTreeOptions options{.mode = shims::WriteMode::published};
  template <class AreaType>
  using Tree = GenerousTree<
      shims::MapleTree<AreaType, shims::ThreadedMemory<>::Nodes, options, shims::ThreadedFacts>>;
  template <class AreaType>
  Tree<AreaType> make_tree() {
    return Tree<AreaType>{nodes()};
  }
};

constexpr std::uint64_t length = 0x4000;

class ReservedNodes : public testing::TestWithParam<std::uint64_t> {
 protected:
  static Address at(std::uint64_t area) { return 0x10000000 + area * length; }

  void map(std::uint64_t area, Protection protection) {
    ASSERT_TRUE(space.mmap({.address = at(area),
                            .length = length,
                            .protection = protection,
                            .flags = map::private_ | map::anonymous | map::fixed}));
  }

  AddressSpace<Guest> space;
};

TEST_P(ReservedNodes, suffice_for_a_join_behind_a_cut) {
  const std::uint64_t cut = GetParam();
  const std::uint64_t sequential = cut + 1;
  for (std::uint64_t area = 0; area < 15; ++area) {
    const bool joinable = area == cut || area == sequential;
    map(area, joinable ? prot::read : area % 2 == 0 ? prot::read | prot::write : prot::none);
    if (area == sequential) {
      ASSERT_TRUE(space.madvise(at(area), length, Advice::sequential));
    }
  }
  const std::size_t before = space.area_count();
  ASSERT_TRUE(space.madvise(at(cut) + 0x1000, 2 * length - 0x1000, Advice::random));
  EXPECT_EQ(space.area_count(), before);
  EXPECT_EQ(space.find(at(sequential))->range(), (Range{at(cut) + 0x1000, at(sequential + 1)}));
}

INSTANTIATE_TEST_SUITE_P(Cuts, ReservedNodes, testing::Range<std::uint64_t>(0, 14));

/// The second edit of a move is counted on the tree as it is, and written on what the first made.
TEST(ReservedNodesOfMoves, suffice_wherever_a_move_goes) {
  constexpr std::uint64_t pages = 200;
  constexpr Address base = 0x1000'0000;
  std::mt19937 random(1);
  const auto below = [&random](std::uint64_t bound) { return random() % bound; };
  for (unsigned round = 0; round < 60; ++round) {
    AddressSpace<Guest> space;
    for (std::uint64_t first = 0; first < pages; first += 1 + below(5)) {
      ASSERT_TRUE(space.mmap({.address = base + first * 0x1000,
                              .length = (1 + below(3)) * 0x1000,
                              .protection = Protection{static_cast<unsigned>(below(4))},
                              .flags = map::private_ | map::anonymous | map::fixed}));
    }
    for (unsigned move = 0; move < 30 && !testing::Test::HasFailure(); ++move) {
      (void)space.mremap({.address = base + below(pages) * 0x1000,
                          .old_length = (1 + below(3)) * 0x1000,
                          .new_length = (1 + below(3)) * 0x1000,
                          .flags = remap::may_move | remap::fixed,
                          .new_address = base + below(pages) * 0x1000});
    }
  }
}

}  // namespace
}  // namespace vmarea::test
