// SPDX-License-Identifier: MIT
#include "support/stage.hpp"

#include <fmt/core.h>

namespace vmarea::test {
namespace {

std::int64_t pages(std::uint64_t bytes) {
  return static_cast<std::int64_t>(bytes >> 12);
}

void count(Edit<TestServices>& edit, const TestDescription& area, std::int64_t more) {
  edit.totals += area_totals(area.flags, more);
  if (area.flags.has_any(flag::account)) edit.charge += more;
}

}  // namespace

template Result<void> TestSpace::perform(Change<TestServices, VerbPlan> change);

Result<void> Stage::link(const TestNewRange& wanted) {
  return plan_and_commit([&](const TestSpaceState& s) {
    VerbPlan plan{success};
    Edit<TestServices>& edit =
        add_new_range(s, plan, plan_clear(s, wanted.description.range()), wanted);
    count(edit, wanted.description, pages(wanted.description.length()));
    return plan;
  });
}

Result<void> Stage::modify(Range part, Flags flags, WithoutMemory without_memory) {
  const TestArea& area = *find_area(state(), part.start);
  return plan_and_commit([&](const TestSpaceState& s) {
    return plan_modify(s, area, part, {flags, area.attributes}, without_memory);
  });
}

Result<void> Stage::split(std::uint64_t at, NewPart part, CountLimit limit) {
  TestArea& cut = *area(at);
  return plan_and_commit(
      [&](const TestSpaceState& s) { return plan_split(s, cut, column(at), part, limit); });
}

Result<void> Stage::expand(std::uint64_t number, Range to, const TestArea* next) {
  TestArea& grown = *area(number);
  const std::uint64_t offset = grown.page_offset - ((grown.start - to.start) >> 12);
  return plan_and_commit(
      [&](const TestSpaceState& s) { return plan_expand(s, grown, to, offset, next); });
}

Result<void> Stage::shrink(std::uint64_t number, Range to) {
  TestArea& cut = *area(number);
  const std::uint64_t offset = cut.page_offset + ((to.start - cut.start) >> 12);
  return plan_and_commit([&](const TestSpaceState& s) { return plan_shrink(s, cut, to, offset); });
}

Result<void> Stage::relocate_down(std::uint64_t number, std::uint64_t columns_down) {
  TestArea& moved = *area(number);
  return plan_and_commit(
      [&](const TestSpaceState& s) { return plan_relocate_down(s, moved, columns_down << 12); });
}

void Stage::share_identity(std::uint64_t number, std::uint64_t from) {
  TestArea& taker = *area(number);
  const TestArea* giver = area(from);
  EXPECT_TRUE(plan_and_commit([&](const TestSpaceState&) {
    VerbPlan plan{success};
    Edit<TestServices>& edit = plan.add_edit({taker.range(), Event::touched});
    Piece<TestServices> piece = Piece<TestServices>::kept(taker, taker);
    piece.identity_from = giver;
    piece.after.identity = giver->identity;
    edit.add(piece);
    return plan;
  }));
}

Result<Address> Stage::map_fixed(std::uint64_t first, std::uint64_t upto, Protection protection,
                                 MapFlags adds) {
  return mmap({.address = column(first),
               .length = (upto - first) << 12,
               .protection = protection,
               .flags = fixed_private | adds});
}

Result<Address> Stage::move(std::uint64_t from, std::uint64_t pages_moved, std::uint64_t to,
                            RemapFlags flags) {
  return mremap({.address = column(from),
                 .old_length = pages_moved << 12,
                 .new_length = pages_moved << 12,
                 .flags = flags,
                 .new_address = column(to)});
}

std::string Stage::shape(std::uint64_t number) const {
  const TestArea* found = area(number);
  if (found == nullptr) return "-";
  const std::uint64_t zero = found->file != nullptr ? 0 : base >> 12;
  return fmt::format("[{:x},{:x})p{:x}", (found->start - base) >> 12, (found->end - base) >> 12,
                     found->page_offset - zero);
}

}  // namespace vmarea::test
