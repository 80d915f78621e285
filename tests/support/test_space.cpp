// SPDX-License-Identifier: MIT
#include "support/test_space.hpp"

#include <algorithm>
#include <utility>

namespace vmarea::test {

TestSpace::TestSpace() : TestSpace(std::make_shared<Family>()) {
  legend = default_legend(host());
}

TestSpace::TestSpace(std::shared_ptr<Family> family)
    : family_(std::move(family)), space_(TestServices(family_->host)) {
  family_->spaces.push_back(&space_.state());
}

TestSpace::~TestSpace() {
  std::erase(family_->spaces, &space_.state());
}

void TestSpace::build(std::string_view picture) {
  const Drawing drawing = parse(picture);
  width_ = std::max(width_, drawing.width);
  request_ = {column(drawing.request_first), column(drawing.request_upto)};
  for (const DrawnArea& drawn : drawing.areas) {
    ASSERT_TRUE(legend.contains(drawn.letter)) << "no kind for " << drawn.letter;
    const TestDescription area =
        describe_kind(legend[drawn.letter], base, drawn.first, drawn.upto, family_->host.geometry);
    ASSERT_TRUE(insert(area)) << picture << ": no room for " << drawn.letter;
  }
  for (const DrawnArea& drawn : drawing.areas) {
    for (const std::uint64_t touched : drawn.touched) {
      ASSERT_TRUE(touch(column(touched), Touch::forced_write));
    }
  }
}

Range TestSpace::range_of(std::string_view picture) {
  const Drawing drawing = parse(picture);
  return {column(drawing.request_first), column(drawing.request_upto)};
}

TestArea* TestSpace::area(std::uint64_t column_number) const {
  return find_object(space_.state(), column(column_number));
}

std::uint64_t TestSpace::token(std::uint64_t column_number) const {
  const std::uint64_t page = family_->host.geometry.pages(column(column_number));
  return shims::page_table::token_of(space_.state().pages.find(page));
}

std::unique_ptr<TestSpace> TestSpace::fork(Error* error) {
  std::unique_ptr<TestSpace> child(new TestSpace(family_));
  child->legend = legend;
  child->width_ = width_;
  const Snapshot before = Snapshot::of(state());
  const Result<void> done = space_.fork_into(child->space_);
  if (error != nullptr) *error = done.code();
  EXPECT_EQ(differences(before, Snapshot::of(state())), "") << "fork changed the parent";
  check();
  child->check();
  if (done) return child;
  EXPECT_EQ(child->space_.area_count(), 0u) << "a failed fork left something in the child";
  return nullptr;
}

void TestSpace::check() const {
  const SpaceState<TestServices>& space = space_.state();
  const Broken broken = vmarea::check(space);
  EXPECT_FALSE(broken) << "invariant " << broken.number << ": " << broken.what;
  EXPECT_STREQ(space.tree.check(), nullptr);
  EXPECT_EQ(what_is_wrong_in_pages(space), "");
  EXPECT_EQ(what_is_wrong_in_reverse_map(family_->spaces), "");
  PageCount charged = 0;
  for (const SpaceState<TestServices>* each : family_->spaces) charged += each->charged;
  EXPECT_EQ(family_->host.charged, charged) << "the charge is not the sum over the spaces";
  EXPECT_TRUE(TestServices::book().holds_nothing());
}

}  // namespace vmarea::test
