// SPDX-License-Identifier: MIT
//
// What the other calls say to arguments that are misaligned, zero, wrapping, beyond the
// address space, unknown, or that overlap: the errno of the specification, and nothing changes.
#include "unit/bad_input.hpp"

namespace vmarea::test {
namespace {

TEST(BadInput, mremap_refuses_arguments) {
  const auto two_pages_to = [](RemapFlags flags, auto to) {
    return [=](Bad& b) { return b.remap(b.at(0), 2 * b.page, 2 * b.page, flags, to(b)); };
  };
  const auto hole = [](Bad& b) { return b.at(5); };
  expect_refused({
      {"unknown flags", Error::invalid, two_pages_to(RemapFlags{8}, hole)},
      {"misaligned", Error::invalid,
       [](Bad& b) { return b.remap(b.at(0) + 1, b.page, 2 * b.page); }},
      {"new length 0", Error::invalid, [](Bad& b) { return b.remap(b.at(0), b.page, 0); }},
      {"new length that rounds to 0", Error::invalid,
       [](Bad& b) { return b.remap(b.at(0), b.page, all_ones); }},
      {"new length beyond the space", Error::invalid,
       [](Bad& b) { return b.remap(b.at(0), b.page, b.limit + b.page); }},
      {"fixed, but may not move", Error::invalid, two_pages_to(remap::fixed, hole)},
      {"kept, but may not move", Error::invalid, two_pages_to(remap::dont_unmap, hole)},
      {"kept, of another length", Error::invalid,
       [](Bad& b) { return b.remap(b.at(0), b.page, 2 * b.page, keeping_move, b.at(5)); }},
      {"misaligned destination", Error::invalid,
       two_pages_to(fixed_move, [](Bad& b) { return b.at(5) + 1; })},
      {"destination past the limit", Error::invalid,
       two_pages_to(fixed_move, [](Bad& b) { return b.limit - b.page; })},
      {"destination that wraps", Error::invalid,
       two_pages_to(fixed_move, [](Bad& b) { return 0 - b.page; })},
      {"destination over the source's end", Error::invalid,
       two_pages_to(fixed_move, [](Bad& b) { return b.at(1); })},
      {"destination over the source's start", Error::invalid,
       two_pages_to(fixed_move, [](Bad& b) { return b.at(0) - b.page; })},
      {"destination over the source", Error::invalid,
       two_pages_to(fixed_move, [](Bad& b) { return b.at(0); })},
      {"old length 0 onto itself: nothing left to copy", Error::invalid,
       [](Bad& b) { return b.remap(b.at(1), 0, b.page, fixed_move, b.at(0) + b.page / 2); }},
  });
}

TEST(BadInput, mremap_refuses_sources) {
  expect_refused({
      {"nothing there", Error::bad_address,
       [](Bad& b) { return b.remap(b.at(5), b.page, 2 * b.page); }},
      {"nothing there, fixed", Error::bad_address,
       [](Bad& b) { return b.remap(b.at(5), b.page, b.page, fixed_move, b.at(13)); }},
      {"past the limit", Error::bad_address,
       [](Bad& b) { return b.remap(b.limit, b.page, 2 * b.page); }},
      {"reaches past the area", Error::bad_address,
       [](Bad& b) { return b.remap(b.at(0), 5 * b.page, 6 * b.page); }},
      {"kept, reaches past the area", Error::bad_address,
       [](Bad& b) { return b.remap(b.at(0), 5 * b.page, 5 * b.page, keeping_move); }},
      {"old length 0 of private memory", Error::invalid,
       [](Bad& b) { return b.remap(b.at(0), 0, b.page); }},
      {"old length that rounds to 0 of private memory", Error::invalid,
       [](Bad& b) { return b.remap(b.at(0), all_ones, b.page); }},
      {"shrinks from beyond the space", Error::invalid,
       [](Bad& b) { return b.remap(b.at(0), 0 - b.page, b.page); }},
      {"sealed", Error::not_permitted, [](Bad& b) { return b.remap(b.at(20), b.page, b.page); }},
      {"sealed destination", Error::not_permitted,
       [](Bad& b) { return b.remap(b.at(0), b.page, b.page, fixed_move, b.at(20)); }},
      {"in the way, may not move", Error::no_memory,
       [](Bad& b) { return b.remap(b.at(0), 4 * b.page, 9 * b.page, {}); }},
      {"inside the area, may not move", Error::no_memory,
       [](Bad& b) { return b.remap(b.at(0), b.page, 2 * b.page, {}); }},
      {"larger than any hole", Error::no_memory,
       [](Bad& b) { return b.remap(b.at(0), 4 * b.page, b.limit - b.page); }},
  });
}

TEST(BadInput, madvise_refuses_bad_ranges_and_advice) {
  const auto advise = [](auto start, auto length, Advice advice) {
    return [=](Bad& b) { return b.space.madvise(start(b), length(b), advice).code(); };
  };
  const auto first = [](Bad& b) { return b.at(0); };
  const auto one_page = [](Bad& b) { return b.page; };
  const auto ones = [](Bad&) { return all_ones; };
  std::vector<Row> rows = {
      {"misaligned", Error::invalid,
       advise([](Bad& b) { return b.at(0) + 1; }, one_page, Advice::dont_fork)},
      {"length that rounds to 0", Error::invalid, advise(first, ones, Advice::dont_fork)},
      {"wraps", Error::invalid,
       advise(
           first, [](Bad& b) { return 0 - b.page; }, Advice::dont_fork)},
      {"length 0", Error::none,
       advise(
           first, [](Bad&) { return 0ull; }, Advice::dont_fork)},
      {"a hole", Error::no_memory,
       advise([](Bad& b) { return b.at(4); }, one_page, Advice::dont_fork)},
      {"past the limit", Error::no_memory,
       advise([](Bad& b) { return b.limit; }, one_page, Advice::dont_fork)},
  };
  for (const int number : {-1, 5, 6, 7, 26, 99, 104, 1 << 30}) {
    rows.push_back({"unknown", Error::invalid, advise(first, one_page, Advice{number})});
    rows.push_back({"unknown before length 0", Error::invalid,
                    advise(
                        first, [](Bad&) { return 0ull; }, Advice{number})});
  }
  expect_refused(rows);
}

TEST(BadInput, mlock_and_mseal_refuse_bad_ranges) {
  const auto lock = [](auto start, auto length) {
    return [=](Bad& b) { return b.space.mlock(start(b), length(b), MlockMode::lock).code(); };
  };
  const auto seal = [](auto start, auto length) {
    return [=](Bad& b) { return b.space.mseal(start(b), length(b)).code(); };
  };
  const auto first = [](Bad& b) { return b.at(0); };
  const auto hole = [](Bad& b) { return b.at(4); };
  const auto past = [](Bad& b) { return b.limit; };
  const auto one_page = [](Bad& b) { return b.page; };
  const auto zero = [](Bad&) { return 0ull; };
  const auto ones = [](Bad&) { return all_ones; };
  const auto to_the_end = [](Bad& b) { return 0 - b.page; };
  expect_refused({
      {"lock: wraps", Error::invalid, lock(first, to_the_end)},
      {"lock: length that rounds to 0", Error::none, lock(first, ones)},
      {"lock: length 0", Error::none, lock(first, zero)},
      {"lock: a hole", Error::no_memory, lock(hole, one_page)},
      {"lock: past the limit", Error::no_memory, lock(past, one_page)},
      {"seal: misaligned", Error::invalid, seal([](Bad& b) { return b.at(0) + 1; }, one_page)},
      {"seal: length that rounds to 0", Error::invalid, seal(first, ones)},
      {"seal: wraps", Error::invalid, seal(first, to_the_end)},
      {"seal: length 0", Error::none, seal(first, zero)},
      {"seal: a hole", Error::no_memory, seal(hole, one_page)},
      {"seal: a hole at the end", Error::no_memory, seal(first, [](Bad& b) { return 5 * b.page; })},
      {"seal: past the limit", Error::no_memory, seal(past, one_page)},
  });
}

TEST(BadInput, attach_and_detach_refuse_bad_addresses) {
  expect_refused({
      {"misaligned", Error::invalid, [](Bad& b) { return b.attach(b.at(5) + 1); }},
      {"occupied", Error::invalid, [](Bad& b) { return b.attach(b.at(2)); }},
      {"replace what stands anywhere", Error::invalid, [](Bad& b) { return b.attach(0, true); }},
      {"past the limit", Error::no_memory, [](Bad& b) { return b.attach(b.limit - b.page); }},
      {"wraps", Error::invalid, [](Bad& b) { return b.attach(0 - b.page); }},
      {"not a segment", Error::invalid,
       [](Bad& b) { return b.space.attach_shared({.segment = b.file}).code(); }},
      {"detach: misaligned", Error::invalid,
       [](Bad& b) { return b.space.detach_shared(b.at(0) + 1).code(); }},
      {"detach: not a segment", Error::invalid,
       [](Bad& b) { return b.space.detach_shared(b.at(16)).code(); }},
      {"detach: nothing there", Error::invalid,
       [](Bad& b) { return b.space.detach_shared(b.limit).code(); }},
  });
}

TEST(BadInput, brk_that_cannot_be_had_leaves_the_break) {
  const auto brk = [](auto wanted) { return [=](Bad& b) { return b.brk(wanted(b)); }; };
  expect_refused({
      {"0", Error::none, brk([](Bad&) { return 0ull; })},
      {"below the start", Error::none, brk([](Bad& b) { return b.at(0) - 17 * b.page; })},
      {"into the next area", Error::none, brk([](Bad& b) { return b.at(1); })},
      {"less than a page below the next area", Error::none,
       brk([](Bad& b) { return b.at(0) - 1; })},
      {"past the limit", Error::none, brk([](Bad& b) { return b.limit + 1; })},
      {"an end that rounds to 0", Error::none, brk([](Bad&) { return all_ones; })},
      {"the last page of all", Error::none, brk([](Bad& b) { return 0 - b.page; })},
  });
}

TEST(BadInput, touch_stack_growth_and_insert_refuse_bad_addresses) {
  const auto touch = [](auto at, Touch how) {
    return [=](Bad& b) { return b.space.touch(at(b), how).code(); };
  };
  expect_refused({
      {"touch a hole", Error::bad_address, touch([](Bad& b) { return b.at(4); }, Touch::read)},
      {"touch past the limit", Error::bad_address,
       touch([](Bad&) { return all_ones; }, Touch::forced_write)},
      {"write to what may only be read", Error::bad_address,
       touch([](Bad& b) { return b.at(8); }, Touch::write)},
      {"grow: nothing above", Error::bad_address,
       [](Bad& b) { return b.space.grow_stack(all_ones).code(); }},
      {"grow: no stack above", Error::bad_address,
       [](Bad& b) { return b.space.grow_stack(b.at(7)).code(); }},
      {"grow: nothing to do", Error::none,
       [](Bad& b) { return b.space.grow_stack(b.at(22)).code(); }},
      {"insert: misaligned start", Error::invalid,
       [](Bad& b) { return b.insert(b.at(4) + 1, b.at(6)); }},
      {"insert: misaligned end", Error::invalid,
       [](Bad& b) { return b.insert(b.at(4), b.at(6) + 1); }},
      {"insert: empty", Error::invalid, [](Bad& b) { return b.insert(b.at(4), b.at(4)); }},
      {"insert: backwards", Error::invalid, [](Bad& b) { return b.insert(b.at(6), b.at(4)); }},
      {"insert: past the limit", Error::invalid,
       [](Bad& b) { return b.insert(b.limit - b.page, b.limit + b.page); }},
      {"insert: occupied", Error::no_memory, [](Bad& b) { return b.insert(b.at(3), b.at(5)); }},
      {"insert: with an identity of nobody", Error::invalid,
       [](Bad& b) {
         return b.space.insert({.start = b.at(4), .end = b.at(5), .identity = AnonIdentity::of(2)})
             .code();
       }},
  });
}

TEST(BadInput, attach_of_no_segment_is_refused) {
  expect_refused({{"", Error::invalid, [](Bad& b) { return b.space.attach_shared({}).code(); }}});
}

}  // namespace
}  // namespace vmarea::test
