// SPDX-License-Identifier: MIT
//
// process_madvise on oneself: madvise over several ranges (rules 29-process_madvise).
#include <array>
#include <vector>

#include "support/stage.hpp"

namespace vmarea::test {
namespace {

using Bytes = Result<std::uint64_t>;

/// DONTFORK is seen as Z in pictures.
TEST(ProcessMadvise, ranges_are_advised_in_their_order) {
  Stage stage("AAAAAA");
  EXPECT_EQ(stage.space().process_madvise({columns(4, 6), columns(0, 1)}, Advice::dont_fork),
            0x3000u);
  EXPECT_EQ(stage.picture(), "ZAAAZZ");
  const std::array<Range, 1> part = {Range{TestSpace::column(0), TestSpace::column(0) + 100}};
  EXPECT_EQ(stage.space().process_madvise(part, Advice::do_fork), 100u) << "bytes, not pages";
  EXPECT_EQ(stage.picture(), "AAAAZZ");
  stage.check();
}

TEST(ProcessMadvise, every_kind_of_advice_is_taken) {
  Stage stage("AAAA");
  for (int number = 0; number < 200; ++number) {
    const auto advice = static_cast<Advice>(number);
    if (advice == Advice::collapse) continue;  // That is for pages to say.
    const bool refused = advice == Advice::remove;
    const bool known = is_known_advice(linux_6_18, advice);
    const Bytes bytes = stage.space().process_madvise({columns(1, 2)}, advice);
    EXPECT_EQ(bytes, known && !refused ? Bytes(0x1000u) : Bytes(Error::invalid)) << number;
  }
}

TEST(ProcessMadvise, the_first_that_fails_ends_it) {
  Stage stage("AA.AA");
  AddressSpace<TestServices>& space = stage.space();
  EXPECT_EQ(space.process_madvise({columns(1, 4), columns(4, 5)}, Advice::dont_fork),
            Error::no_memory);
  EXPECT_EQ(stage.picture(), "AZ.ZA") << "madvise goes on behind a hole, the call does not";
  EXPECT_EQ(space.process_madvise({columns(0, 1), columns(2, 3), columns(4, 5)}, Advice::dont_fork),
            0x1000u);
  EXPECT_EQ(stage.picture(), "ZZ.ZA");
  const Range misaligned{TestSpace::column(3) + 1, TestSpace::column(4)};
  EXPECT_EQ(space.process_madvise({misaligned}, Advice::do_fork), Error::invalid);
  stage.check();
}

/// The host refuses the second range: the first stays, and the third is never planned.
TEST(ProcessMadvise, planned_ranges_are_made_in_step_with_a_host) {
  Stage stage("AAAAAA");
  const std::array ranges = {columns(0, 1), columns(2, 4), columns(5, 6)};
  int asked = 0;
  const auto make = [&](auto change) {
    return change.run(
        [&]() -> Result<void> { return ++asked == 2 ? Result<void>(Error::no_memory) : success; });
  };
  EXPECT_EQ(stage.space().plan_process_madvise(ranges, Advice::dont_fork, {}, make), 0x1000u);
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(stage.picture(), "ZAAAAA");
  EXPECT_EQ(
      stage.space().plan_process_madvise(ranges, Advice::dont_fork, ProcessAdviceFlags(1), make),
      Error::invalid);
  EXPECT_EQ(asked, 2) << "nothing is planned";
  EXPECT_EQ(stage.space().plan_process_madvise(ranges, Advice::dont_fork, {}, make), 0x4000u);
  EXPECT_EQ(stage.picture(), "ZAZZAZ");
  stage.check();
}

TEST(ProcessMadvise, arguments_are_asked_first) {
  Stage stage("AA");
  AddressSpace<TestServices>& space = stage.space();
  const Address limit = stage.host().geometry.limit;
  const Range good = columns(0, 1);
  const Range past{limit, limit + 0x1000};
  const Range reaching{limit - 0x1000, limit + 1};
  const Range negative{good.start, good.start + (std::uint64_t{1} << 63)};
  const Range swapped = columns(1, 0);
  EXPECT_EQ(space.process_madvise({good}, Advice::dont_fork, ProcessAdviceFlags{1}),
            Error::invalid);
  for (const Range bad : {past, reaching, Range{limit + 0x1000, limit + 0x1000}}) {
    EXPECT_EQ(space.process_madvise({good, bad}, Advice::dont_fork), Error::bad_address);
    EXPECT_EQ(space.process_madvise({bad, negative}, Advice::dont_fork), Error::invalid);
    EXPECT_EQ(space.process_madvise({bad}, static_cast<Advice>(99)), Error::bad_address);
  }
  EXPECT_EQ(space.process_madvise({good, negative}, Advice::dont_fork), Error::invalid);
  EXPECT_EQ(space.process_madvise({good, swapped}, Advice::dont_fork), Error::invalid);
  EXPECT_EQ(stage.picture(), "AA") << "nothing was begun";
  std::vector<Range> many(1025, good);
  EXPECT_EQ(space.process_madvise(many, Advice::dont_fork), Error::invalid);
  many.pop_back();
  EXPECT_EQ(space.process_madvise(many, Advice::dont_fork), 1024u * 0x1000);
  stage.check();
}

TEST(ProcessMadvise, ranges_without_length) {
  Stage stage("AA");
  AddressSpace<TestServices>& space = stage.space();
  const auto unknown = static_cast<Advice>(99);
  const Range good = columns(0, 1);
  const Range nothing = columns(0, 0);
  const Range crooked{good.start + 1, good.start + 1};
  const Address limit = stage.host().geometry.limit;
  EXPECT_EQ(space.process_madvise({}, unknown), 0u);
  EXPECT_EQ(space.process_madvise({nothing, crooked}, unknown), 0u) << "no byte, no question";
  EXPECT_EQ(space.process_madvise({Range{limit, limit}, good}, Advice::dont_fork), 0x1000u);
  EXPECT_EQ(space.process_madvise({nothing, good}, Advice::dont_fork), 0x1000u);
  EXPECT_EQ(space.process_madvise({crooked, good}, Advice::dont_fork), Error::invalid);
  EXPECT_EQ(space.process_madvise({good, crooked, good}, Advice::dont_fork), 0x1000u);
  EXPECT_EQ(space.process_madvise({good, crooked}, Advice::dont_fork), 0x1000u);
  EXPECT_EQ(space.process_madvise({nothing, good}, unknown), Error::invalid);
}

TEST(ProcessMadvise, two_gigabytes_less_a_page_are_taken) {
  constexpr std::uint64_t most = 0x7fff'f000;
  Stage stage("A");
  AddressSpace<TestServices>& space = stage.space();
  const Range huge{std::uint64_t{1} << 32, std::uint64_t{1} << 33};
  ASSERT_TRUE(stage.mmap({.address = huge.start,
                          .length = huge.length(),
                          .protection = rw,
                          .flags = fixed_private | map::no_reserve}));
  EXPECT_EQ(space.process_madvise({huge, columns(0, 1)}, Advice::dont_fork), most);
  EXPECT_EQ(space.find(huge.start)->end, huge.start + most);
  EXPECT_EQ(stage.picture(), "A") << "not reached";
  const Range first{huge.start, huge.start + most - 100};
  EXPECT_EQ(space.process_madvise({first, columns(0, 1)}, Advice::dont_fork), most);
  EXPECT_EQ(stage.picture(), "Z") << "the hundred bytes that were left";
  const Address limit = stage.host().geometry.limit;
  EXPECT_EQ(space.process_madvise({huge, Range{limit, limit + 1}}, Advice::dont_fork),
            Error::bad_address)
      << "what is not taken is looked at";
  stage.check();
}

TEST(ProcessMadvise, other_kernels_look_at_the_advice_first) {
  for (const KernelProfile& profile : {linux_6_12, linux_6_1}) {
    Stage stage("AA");
    stage.host().profile = profile;
    AddressSpace<TestServices>& space = stage.space();
    const Address limit = stage.host().geometry.limit;
    const Range past{limit, limit + 1};
    for (const Advice advice : {Advice::will_need, Advice::cold, Advice::page_out}) {
      EXPECT_EQ(space.process_madvise({columns(0, 1)}, advice), 0x1000u);
    }
    for (const Advice advice : {Advice::normal, Advice::dont_fork, Advice::populate_read}) {
      EXPECT_EQ(space.process_madvise({columns(0, 1)}, advice), Error::invalid);
      EXPECT_EQ(space.process_madvise({}, advice), Error::invalid) << "of nothing, too";
      EXPECT_EQ(space.process_madvise({past}, advice), Error::bad_address) << "ranges come first";
    }
  }
}

TEST(ProcessMadvise, on_7_2_unknown_advice_is_refused_whatever_the_bytes) {
  Stage stage("AA");
  stage.host().profile = linux_7_2;
  AddressSpace<TestServices>& space = stage.space();
  const Address limit = stage.host().geometry.limit;
  const auto unknown = static_cast<Advice>(99);
  EXPECT_EQ(space.process_madvise({}, unknown), Error::invalid);
  EXPECT_EQ(space.process_madvise({columns(0, 0)}, unknown), Error::invalid);
  EXPECT_EQ(space.process_madvise({Range{limit, limit + 1}}, unknown), Error::bad_address);
  EXPECT_EQ(space.process_madvise({}, Advice::dont_fork), 0u);
  EXPECT_EQ(space.process_madvise({columns(0, 1)}, Advice::dont_fork), 0x1000u);
}

TEST(ProcessMadvise, is_madvise_range_by_range_for_a_host_in_step) {
  Stage stage("AAAA");
  std::vector<Range> asked;
  const auto ask = [&](Address start, std::uint64_t length) -> Result<void> {
    asked.push_back({start, start + length});
    return asked.size() < 2 ? success : Result<void>(Error::try_again);
  };
  const Range ranges[] = {columns(0, 1), columns(2, 4), columns(1, 2)};
  EXPECT_EQ(advise_ranges(stage.state(), ranges, Advice::normal, {}, ask), 0x1000u);
  EXPECT_EQ(asked, (std::vector<Range>{ranges[0], ranges[1]}));
  EXPECT_EQ(advise_ranges(stage.state(), ranges, Advice::normal, {}, ask), Error::try_again);
}

}  // namespace
}  // namespace vmarea::test
