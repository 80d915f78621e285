// SPDX-License-Identifier: MIT
//
// The ready host of System V segments: who gets one, what an attach is, what counts. The order of
// errors was seen on a running 6.18; a live test compares it.
#include <fmt/core.h>
#include <vmarea_shims/maps_text.hpp>
#include <vmarea_shims/segments.hpp>
#include <vmarea_shims/userland.hpp>

#include "support/stage.hpp"

namespace vmarea::test {
namespace {

using shims::SegmentCaller;
using shims::SegmentId;
using shims::SegmentRequest;
using TestSegments = shims::Segments<TestServices>;
using Access = TestSegments::Request::Access;

constexpr SegmentCaller owner{.user = 1, .group = 10, .may_all = false};
constexpr SegmentCaller of_group{.user = 2, .group = 10, .may_all = false};
constexpr SegmentCaller stranger{.user = 3, .group = 30, .may_all = false};
constexpr SegmentRequest seven{.key = 7, .bytes = 0x2001, .create = true};

/// A space, and segments that its areas are attached from; a segment has three pages.
class SegmentSpace : public testing::Test {
 protected:
  SegmentId three_pages() { return *segments.get({.bytes = 0x2001}); }
  Result<Address> attach(SegmentId id, std::uint64_t column) {
    const auto opened = segments.open(id, {.address = TestSpace::column(column)});
    return opened ? stage.attach_shared(opened->request()) : opened.error();
  }
  std::uint64_t attached(SegmentId id) const { return segments.status(id)->attached; }

  TestSegments segments;
  Stage stage;
};

using GetSegment = SegmentSpace;
using AttachSegment = SegmentSpace;
using CountAttached = SegmentSpace;
using RemoveSegment = SegmentSpace;
using NameSegment = SegmentSpace;

TEST_F(GetSegment, key_leads_to_the_segment_and_the_private_key_to_a_new_one) {
  const auto made = segments.get(seven);
  EXPECT_EQ(segments.get({.key = 7}), made) << "of any size";
  EXPECT_EQ(segments.get({.key = 7, .bytes = 0x2001}), made);
  const auto first = segments.get({.bytes = 1});
  EXPECT_NE(first, made);
  EXPECT_NE(segments.get({.bytes = 1, .exclusive = true}), first) << "without create, too";
  EXPECT_EQ(segments.count(), 3u);
}

TEST_F(GetSegment, ids_begin_again_behind_the_last_and_pass_by_those_in_use) {
  const SegmentId first = three_pages();
  segments.set_next_id_for_test(TestSegments::id_max);
  EXPECT_EQ(three_pages(), TestSegments::id_max);
  EXPECT_EQ(first, SegmentId{0});
  const SegmentId second = three_pages();
  EXPECT_EQ(second, SegmentId{1}) << "the first one has 0";
  ASSERT_TRUE(segments.remove(first));
  segments.set_next_id_for_test(TestSegments::id_max);
  EXPECT_EQ(three_pages(), SegmentId{0}) << "the last one is in use, the first is free again";
}

TEST_F(GetSegment, is_refused_in_the_order_of_linux) {
  struct Case {
    const char* what;
    SegmentRequest wanted;
    Error error;
  };
  ASSERT_TRUE(segments.get(seven, owner));
  for (const Case& c :
       {Case{"no such key", {.key = 8, .bytes = 1}, Error::no_entry},
        Case{"no such key, of no size", {.key = 8}, Error::no_entry},
        Case{"new, of no size", {.key = 8, .create = true}, Error::invalid},
        Case{"private, of no size", {}, Error::invalid},
        Case{"new, too large", {.bytes = ~std::uint64_t{0}}, Error::invalid},
        Case{"exists",
             {.key = 7, .bytes = 0x9999, .create = true, .exclusive = true},
             Error::exists},
        Case{"larger than it is", {.key = 7, .bytes = 0x2002, .create = true}, Error::invalid},
        Case{"not readable", {.key = 7, .bytes = 0x2001}, Error::access_denied}}) {
    EXPECT_EQ(segments.get(c.wanted, stranger).code(), c.error) << c.what;
  }
}

TEST_F(GetSegment, limits_are_of_all_segments) {
  TestSegments few({.bytes_max = 0x4000, .pages_max = 6, .count_max = 3});
  EXPECT_EQ(few.get({.bytes = 0x4001}).code(), Error::invalid);
  const auto first = few.get({.bytes = 0x3001});
  EXPECT_EQ(few.get({.bytes = 0x2001}).code(), Error::no_space) << "four pages and three";
  ASSERT_TRUE(few.get({.bytes = 1}));
  ASSERT_TRUE(few.get({.bytes = 1}));
  EXPECT_EQ(few.get({.bytes = 1}).code(), Error::no_space) << "a fourth one";
  ASSERT_TRUE(few.remove(*first));
  EXPECT_TRUE(few.get({.bytes = 0x4000})) << "what is removed counts no more";

  TestSegments pages({.pages_max = 6});
  for (int i = 0; i < 3; ++i) {
    const auto half = pages.get({.bytes = 0x3000});
    ASSERT_TRUE(half) << i;
    ASSERT_TRUE(pages.remove(*half));
  }
  TestSegments single({.count_max = 1});
  ASSERT_TRUE(single.get({.bytes = 1}));
  EXPECT_EQ(single.get({.bytes = 1}).code(), Error::no_space);
}

TEST_F(GetSegment, mode_says_who_may_do_what) {
  struct Case {
    unsigned mode;
    SegmentCaller caller;
    std::string_view may;  // Get for reading, and for writing; attach so; execute; see its status.
  };
  const SegmentCaller root;
  const auto letters = [this](const Case& c) {
    const SegmentId id = *segments.get({.bytes = 1, .mode = c.mode}, owner);
    const SegmentId keyed =
        *segments.get({.key = 9, .bytes = 1, .create = true, .mode = c.mode}, owner);
    const auto opens = [&](Access access) {
      return static_cast<bool>(segments.open(id, {.access = access}, c.caller));
    };
    std::string may;
    if (segments.get({.key = 9, .mode = 0004}, c.caller)) may += 'r';
    if (segments.get({.key = 9, .mode = 0600}, c.caller)) may += 'w';
    if (opens(Access::read_only)) may += 'R';
    if (opens(Access::read_write)) may += 'W';
    if (opens(Access::read_exec)) may += 'X';
    if (opens(Access::read_write_exec)) may += 'A';
    if (segments.status(id, c.caller)) may += 's';
    EXPECT_TRUE(segments.remove(keyed, owner) && segments.remove(id, owner));
    return may;
  };
  for (const Case& c :
       {Case{0, root, "rwRWXAs"}, Case{0600, owner, "rwRWs"}, Case{0700, owner, "rwRWXAs"},
        Case{0400, owner, "rRs"}, Case{0200, owner, ""}, Case{0066, owner, ""},
        Case{0640, of_group, "rRs"}, Case{0604, of_group, ""}, Case{0666, stranger, "rwRWs"},
        Case{0604, stranger, "rRs"}, Case{0602, stranger, ""}, Case{0660, stranger, ""}}) {
    EXPECT_EQ(letters(c), c.may) << std::oct << c.mode << " for " << std::dec << c.caller.user;
  }
}

TEST_F(AttachSegment, each_is_an_open_file_of_its_own) {
  const SegmentId id = three_pages();
  ASSERT_TRUE(attach(id, 0));
  ASSERT_TRUE(attach(id, 3));
  EXPECT_EQ(stage.count_areas(), 2u);
  EXPECT_NE(stage.area(0)->file, stage.area(3)->file);
  EXPECT_EQ(stage.area(0)->file->mapping, stage.area(3)->file->mapping) << "of one memory";
  ASSERT_TRUE(stage.mremap({.address = TestSpace::column(3),
                            .old_length = 0x1000,
                            .new_length = 0x1000,
                            .flags = fixed_move,
                            .new_address = TestSpace::column(9)}));
  EXPECT_TRUE(stage.detach_shared(TestSpace::column(0)));
  EXPECT_EQ(stage.shape(4), "[4,6)p1") << "that of the other attach";
}

TEST_F(AttachSegment, pieces_stay_apart_and_have_a_chooser_of_their_own) {
  ASSERT_TRUE(attach(three_pages(), 0));
  ASSERT_TRUE(stage.mprotect(columns(1, 2), prot::read));
  ASSERT_TRUE(stage.mprotect(columns(1, 2), rw));
  EXPECT_EQ(stage.count_areas(), 3u);
  // Moved as a whole it reaches past the first piece (rules 14.5).
  EXPECT_EQ(stage
                .mremap({.address = TestSpace::column(0),
                         .old_length = 0x3000,
                         .new_length = 0x3000,
                         .flags = fixed_move,
                         .new_address = TestSpace::column(9)})
                .code(),
            Error::bad_address);
}

TEST_F(AttachSegment, address_is_refused_before_the_id_and_that_before_the_mode) {
  const SegmentId id = *segments.get(seven, owner);
  const auto error = [&](SegmentId of, const TestSegments::Request& request) {
    return segments.open(of, request, stranger).code();
  };
  EXPECT_EQ(error(id, {.address = 1}), Error::invalid);
  EXPECT_EQ(error(id, {.address = 1, .rounds_address = true}), Error::access_denied);
  EXPECT_EQ(error(id, {.address = 1, .rounds_address = true, .replaces_existing = true}),
            Error::invalid);
  EXPECT_EQ(error(id, {.replaces_existing = true}), Error::invalid);
  EXPECT_EQ(error(SegmentId{99}, {}), Error::invalid);
}

TEST_F(AttachSegment, one_that_fails_leaves_nothing) {
  const SegmentId id = three_pages();
  ASSERT_TRUE(attach(id, 0));
  EXPECT_EQ(attach(id, 1).code(), Error::invalid) << "occupied";
  EXPECT_EQ(attached(id), 1u);
  {
    const auto opened = segments.open(id, {.address = TestSpace::column(4)});
    EXPECT_EQ(attached(id), 2u) << "as if it were, so that the segment stays";
    ASSERT_TRUE(segments.remove(id));
  }
  EXPECT_EQ(attached(id), 1u);
  ASSERT_TRUE(stage.detach_shared(TestSpace::column(0)));
  EXPECT_EQ(segments.count(), 0u);
}

TEST_F(AttachSegment, attachment_that_is_assigned_is_the_other_one) {
  const SegmentId id = three_pages();
  const SegmentId other = three_pages();
  auto kept = *segments.open(id, {.address = TestSpace::column(0)});
  {
    auto assigned = *segments.open(other, {.address = TestSpace::column(4)});
    kept = std::move(assigned);
  }
  EXPECT_EQ(kept.request().address, TestSpace::column(4));
  EXPECT_EQ(attached(id), 0u);
  EXPECT_EQ(attached(other), 1u);
  EXPECT_TRUE(stage.attach_shared(kept.request()));
}

TEST_F(AttachSegment, in_one_go_on_a_space) {
  shims::Segments<shims::Userland> shared;
  AddressSpace<shims::Userland> space;
  const auto id = shared.get({.bytes = 0x1000}, owner);
  EXPECT_EQ(shared.attach(space, *id, {}, stranger).code(), Error::access_denied);
  const auto at = shared.attach(space, *id, {}, owner);
  ASSERT_TRUE(at);
  EXPECT_EQ(shared.status(*id)->attached, 1u);
  EXPECT_TRUE(space.detach_shared(*at));
  EXPECT_EQ(shared.status(*id)->attached, 0u);
}

TEST_F(CountAttached, areas_count_wherever_they_are) {
  const SegmentId id = three_pages();
  EXPECT_EQ(attached(id), 0u);
  ASSERT_TRUE(attach(id, 0));
  EXPECT_EQ(attached(id), 1u);
  ASSERT_TRUE(stage.mprotect(columns(1, 2), prot::read));
  EXPECT_EQ(attached(id), 3u) << "cut twice";
  {
    const auto child = stage.fork();
    EXPECT_EQ(attached(id), 6u);
    ASSERT_TRUE(child->munmap(columns(0, 1)));
    EXPECT_EQ(attached(id), 5u);
  }
  EXPECT_EQ(attached(id), 3u) << "a child's end";
  ASSERT_TRUE(stage.move(2, 1, 9));
  EXPECT_EQ(attached(id), 3u) << "moved";
  ASSERT_TRUE(stage.map_fixed(1, 2));
  EXPECT_EQ(attached(id), 2u) << "mapped over";
  ASSERT_TRUE(stage.detach_shared(TestSpace::column(0)));
  EXPECT_EQ(attached(id), 1u) << "the moved piece answers to another address";
}

TEST_F(RemoveSegment, one_that_is_attached_lives_on_without_its_key) {
  const SegmentId id = *segments.get(seven);
  ASSERT_TRUE(attach(id, 0));
  ASSERT_TRUE(segments.remove(id));
  EXPECT_TRUE(segments.status(id)->removed);
  EXPECT_EQ(segments.status(id)->key, shims::private_key);
  EXPECT_EQ(segments.get({.key = 7}).code(), Error::no_entry);
  EXPECT_NE(*segments.get(seven), id) << "the key is free";
  ASSERT_TRUE(attach(id, 4)) << "its id still serves";
  EXPECT_TRUE(segments.remove(id)) << "again";

  ASSERT_TRUE(stage.detach_shared(TestSpace::column(0)));
  EXPECT_EQ(attached(id), 1u);
  ASSERT_TRUE(stage.munmap(columns(4, 7)));
  EXPECT_EQ(segments.status(id).code(), Error::invalid) << "gone with its last area";
  EXPECT_EQ(attach(id, 0).code(), Error::invalid);
  EXPECT_EQ(segments.remove(id).code(), Error::invalid);
}

TEST_F(RemoveSegment, child_keeps_it_and_its_exit_ends_it) {
  const SegmentId id = three_pages();
  ASSERT_TRUE(attach(id, 0));
  {
    const auto child = stage.fork();
    ASSERT_TRUE(stage.detach_shared(TestSpace::column(0)));
    ASSERT_TRUE(segments.remove(id));
    EXPECT_EQ(attached(id), 1u);
  }
  EXPECT_EQ(segments.count(), 0u);
}

TEST_F(RemoveSegment, is_the_owners) {
  const SegmentId id = *segments.get({.bytes = 1, .mode = 0777}, owner);
  EXPECT_EQ(segments.remove(id, of_group).code(), Error::not_permitted);
  EXPECT_EQ(segments.remove(id, stranger).code(), Error::not_permitted);
  EXPECT_TRUE(segments.remove(id, owner));
}

TEST_F(NameSegment, is_that_of_its_key_even_when_removed) {
  const auto of = [this](Address at) {
    return std::string(segments.shown_file(*stage.space().find(at)).path);
  };
  const SegmentId id = *segments.get({.key = -0x7fff'ffee, .bytes = 1, .create = true});
  ASSERT_TRUE(attach(id, 0));
  ASSERT_TRUE(segments.remove(id));
  EXPECT_EQ(of(TestSpace::column(0)), "/SYSV80000012 (deleted)");
  ASSERT_TRUE(stage.map_fixed(4, 5));
  EXPECT_EQ(of(TestSpace::column(4)), "");
  ASSERT_TRUE(stage.insert(stage.fresh(6, 7, 'F')));
  EXPECT_EQ(of(TestSpace::column(6)), "") << "a file that is no segment's";

  shims::Segments<shims::Userland> shared;
  AddressSpace<shims::Userland> space;
  ASSERT_TRUE(shared.get({.bytes = 1}));
  ASSERT_TRUE(shared.attach(space, *shared.get({.bytes = 1}), {.address = 0x10000}));
  EXPECT_EQ(
      shims::maps_text(space, shared),
      fmt::format("{:<73}/SYSV00000000 (deleted)\n", "00010000-00011000 rw-s 00000000 00:01 1"));
}

TEST(SegmentsDeathTest, end_after_the_spaces_that_have_them) {
  const auto in_wrong_order = [] {
    AddressSpace<shims::CheckedUserland> space;
    shims::Segments<shims::CheckedUserland> segments;
    if (!segments.attach(space, *segments.get({.bytes = 1}), {})) return;
  };
  EXPECT_DEATH(in_wrong_order(), "segments end after the spaces that have them");
}

}  // namespace
}  // namespace vmarea::test
