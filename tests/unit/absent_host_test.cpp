// SPDX-License-Identifier: MIT
//
// A host put together of what may be absent: calls on anonymous memory are as ever, and what would
// need a file, a policy or a name is refused.
#include <vmarea_shims/memory.hpp>

#include "support/bare_host.hpp"
#include "unit/land.hpp"

namespace vmarea::test {
namespace {

struct Bare : BareHost<shims::HeapMemory> {
  static constexpr bool checks = true;
  [[noreturn]] static void assertion_failed(const char* promise) noexcept {
    ADD_FAILURE() << promise;
    std::abort();
  }
};

constexpr std::uint64_t page = 0x1000;

TEST(AbsentHost, anonymous_memory_is_as_ever) {
  Land<Bare> land("AAAA.BB");
  EXPECT_TRUE(land.mprotect(TestSpace::column(1), page, prot::read));
  EXPECT_EQ(land.picture(), "ABAA.BB");
  EXPECT_TRUE(land.mprotect(TestSpace::column(1), page, rw));
  EXPECT_TRUE(land.touch(TestSpace::column(0), Touch::write));
  EXPECT_TRUE(land.munmap(TestSpace::column(2), page));
  EXPECT_EQ(land.picture(), "AA.A.BB");
  EXPECT_TRUE(land.mremap({TestSpace::column(3), page, page, fixed_move, TestSpace::column(4)}));
  EXPECT_EQ(land.picture(), "AA..ABB");
  Land<Bare> child;
  ASSERT_TRUE(land.fork_into(child));
  EXPECT_TRUE(child.find(TestSpace::column(0))->identity.fork_child());
  EXPECT_FALSE(check(child));
}

TEST(AbsentHost, what_needs_a_file_is_refused) {
  Land<Bare> land("A...");
  const std::string before = land.text();
  const auto map_as = [&](MapFlags flags) {
    return land.mmap({.length = page, .protection = rw, .flags = flags}).code();
  };
  EXPECT_EQ(map_as(map::shared | map::anonymous), Error::no_device);
  EXPECT_EQ(map_as(map::private_ | map::anonymous | map::huge_tlb | map::no_reserve),
            Error::no_memory);
  EXPECT_EQ(land.text(), before);
}

/// The host itself may know of files and attributes, and only never make any.
TEST(AbsentHost, what_its_owner_inserts_is_kept_apart_by_it) {
  static constexpr Attributes policy{.policy = 1};
  Land<Bare> land(".....");
  const auto insert = [&](std::uint64_t column, Bare::FileHandle file, const Attributes* given) {
    return land.insert({.start = TestSpace::column(column),
                        .end = TestSpace::column(column + 1),
                        .page_offset = column,
                        .flags = flag::read | flag::may_access,
                        .file = file,
                        .hooks = file == Bare::FileHandle::none ? nullptr : &no_hooks<Bare>,
                        .attributes = given});
  };
  constexpr Bare::FileHandle none{}, other{1};
  ASSERT_TRUE(insert(0, none, nullptr));
  ASSERT_TRUE(insert(1, none, &policy));
  ASSERT_TRUE(insert(2, other, &policy));
  ASSERT_TRUE(insert(3, other, nullptr));
  ASSERT_TRUE(land.mprotect(TestSpace::column(0), 4 * page, prot::none));
  EXPECT_EQ(land.picture(), "C|C|C|C.");
  EXPECT_EQ(explain_boundary(land, TestSpace::column(1)).verdict, JoinVerdict::attributes);
  EXPECT_EQ(explain_boundary(land, TestSpace::column(2)).verdict, JoinVerdict::file);
  EXPECT_TRUE(land.munmap(TestSpace::column(0), 4 * page));
}

TEST(AbsentHost, what_needs_attributes_has_no_memory_for_them) {
  Land<Bare> land("AAAA");
  const std::string before = land.text();
  const Address at = TestSpace::column(1);
  EXPECT_EQ(land.mbind(at, page, 7).code(), Error::no_memory);
  EXPECT_EQ(land.set_name(at, page, 7).code(), Error::try_again);
  EXPECT_EQ(land.register_userfault({at, page, 1, uffd::missing}).code(), Error::no_memory);
  EXPECT_EQ(land.text(), before);
}

}  // namespace
}  // namespace vmarea::test
