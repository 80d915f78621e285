// SPDX-License-Identifier: MIT
#include "support/test_space.hpp"

#include <algorithm>
#include <utility>

namespace vmarea::test {

/// Between the two edits of a move the pages go.
void foresee_before(Snapshot& future, const MremapPlan<TestServices>& plan, unsigned edit) {
  if (edit == plan.edit_count && !plan.moved.empty()) {
    future.move_pages(plan.moved, plan.moved_to);
  }
}

void foresee_before(Snapshot& future, const RelocatePlan<TestServices>& plan, unsigned edit) {
  if (edit == 1) future.move_pages(plan.pages, plan.pages_to);
}

void foresee_end(Snapshot& future, const SpaceState<TestServices>&,
                 const MremapPlan<TestServices>& plan, unsigned edits) {
  if (edits <= plan.edit_count) foresee_before(future, plan, plan.edit_count);
}

void foresee_end(Snapshot& future, const SpaceState<TestServices>&,
                 const TouchPlan<TestServices>& plan, unsigned) {
  if (plan.makes_page) future.add_page(plan.page);
}

void foresee_end(Snapshot& future, const SpaceState<TestServices>& space,
                 const AdvisePlan<TestServices>& plan, unsigned) {
  plan.for_each_dropped(space, [&](Range part) { future.drop_pages(part); });
}

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
  return find_area(space_.state(), column(column_number));
}

std::uint64_t TestSpace::token(std::uint64_t column_number) const {
  const std::uint64_t page = family_->host.geometry.pages(column(column_number));
  return shims::page_table::token_of(space_.state().pages.find(page));
}

template <class Plan>
Result<typename Plan::Value> TestSpace::complete(Change<TestServices, Plan> change) {
  const Range populated = change.plan().populated;
  const Result<typename Plan::Value> result = perform(std::move(change));
  if (result && !populated.empty()) (void)populate(state(), populated);
  check();
  return result;
}

Result<Address> TestSpace::mmap(const MmapRequest<TestServices>& request) {
  return complete(space_.plan_mmap(request));
}

Result<void> TestSpace::munmap(Range range) {
  return munmap(range.start, range.length());
}

Result<void> TestSpace::munmap(Address start, std::uint64_t length) {
  const Result<void> done = perform(space_.plan_munmap(start, length));
  check();
  return done;
}

Result<void> TestSpace::mprotect(Range range, Protection protection) {
  return mprotect(range.start, range.length(), protection);
}

Result<void> TestSpace::mprotect(Address start, std::uint64_t length, Protection protection) {
  const Result<void> done = perform(space_.plan_mprotect(start, length, protection));
  check();
  return done;
}

Result<Address> TestSpace::mremap(const MremapRequest& request) {
  MremapRequest rest;
  const auto one = [&](Change<TestServices, MremapPlan<TestServices>> change) {
    rest = change.plan().rest;
    return complete(std::move(change));
  };
  const Result<Address> at = one(space_.plan_mremap(request));
  Result<Address> moved = at;
  while (moved && rest.old_length != 0) moved = one(space_.plan_mremap_rest(rest));
  return moved ? at : moved;
}

Address TestSpace::brk(Address wanted) {
  const Result<Address> now = complete(space_.plan_brk(wanted));
  return now ? *now : space_.layout().brk;
}

Result<void> TestSpace::madvise(Range range, Advice advice) {
  // Populating is many touches with a lock each: there is no one change to preview.
  const bool populates = advice == Advice::populate_write || advice == Advice::populate_read;
  const Result<void> done = populates
                                ? space_.madvise(range.start, range.length(), advice)
                                : perform(space_.plan_madvise(range.start, range.length(), advice));
  check();
  return done;
}

Result<void> TestSpace::lock_and_populate(Change<TestServices, MlockPlan<TestServices>> change) {
  const Range populated = change.plan().populated;
  const Result<void> done = perform(std::move(change));
  const Result<void> touched = done ? populate(state(), populated) : done;
  check();
  return touched;
}

Result<void> TestSpace::mlock(Range range, MlockMode mode) {
  return lock_and_populate(space_.plan_mlock(range.start, range.length(), mode));
}

Result<void> TestSpace::mlock2(Range range, MlockFlags flags) {
  return lock_and_populate(space_.plan_mlock2(range.start, range.length(), flags));
}

Result<void> TestSpace::mlockall(MlockallFlags flags) {
  const Result<void> done = perform(space_.plan_mlockall(flags));
  if (done && flags.has_any(mlockall::current)) populate_everything(state());
  check();
  return done;
}

Result<void> TestSpace::register_userfault(Range range, UserfaultContext context,
                                           UserfaultModes modes) {
  const Result<void> done =
      perform(space_.plan_register_userfault({range.start, range.length(), context, modes}));
  check();
  return done;
}

Result<void> TestSpace::unregister_userfault(Range range, UserfaultContext context) {
  const Result<void> done =
      perform(space_.plan_unregister_userfault(range.start, range.length(), context));
  check();
  return done;
}

Result<void> TestSpace::release_userfault(UserfaultContext context) {
  const Result<void> done = perform(space_.plan_release_userfault(context));
  check();
  return done;
}

Result<void> TestSpace::mbind(Range range, MemoryPolicy policy) {
  const Result<void> done = perform(space_.plan_mbind(range.start, range.length(), policy));
  check();
  return done;
}

Result<void> TestSpace::set_home_node(Range range, const HomeNode& home) {
  const Result<void> done = perform(space_.plan_set_home_node(range.start, range.length(), home));
  check();
  return done;
}

Result<void> TestSpace::set_name(Range range, MemoryName name) {
  const Result<void> done = perform(space_.plan_set_name(range.start, range.length(), name));
  check();
  return done;
}

Result<void> TestSpace::munlockall() {
  return perform_and_check(space_.plan_munlockall());
}

Result<void> TestSpace::mseal(Range range, SealFlags flags) {
  return perform_and_check(space_.plan_mseal(range.start, range.length(), flags));
}

Result<void> TestSpace::set_memory_merge(SamePageMerging wanted) {
  return perform_and_check(space_.plan_memory_merge(wanted));
}

Result<void> TestSpace::deny_write_exec(WriteExecFlags wanted) {
  return perform_and_check(space_.plan_deny_write_exec(wanted));
}

Result<Address> TestSpace::attach_shared(const AttachRequest<TestServices>& request) {
  return complete(space_.plan_attach(request));
}

Result<void> TestSpace::detach_shared(Address start) {
  const Result<void> done = perform(space_.plan_detach(start));
  check();
  return done;
}

Result<void> TestSpace::touch(Address at, Touch how) {
  const Result<void> done = perform(space_.plan_touch(at, how));
  check();
  return done;
}

Result<void> TestSpace::grow_stack(Address at) {
  const Result<void> done = perform(space_.plan_grow_stack(at));
  check();
  return done;
}

Result<void> TestSpace::insert(const TestDescription& area) {
  const Result<void> done = perform(space_.plan_insert(area));
  check();
  return done;
}

Result<void> TestSpace::insert_special(const SpecialRequest<TestServices>& request) {
  return perform_and_check(space_.plan_insert_special(request));
}

Result<void> TestSpace::insert_initial_stack(Address top) {
  return perform_and_check(space_.plan_initial_stack(top));
}

Result<void> TestSpace::loader_brk(Range range, LoaderMemory kind) {
  return complete(space_.plan_loader_brk(range.start, range.length(), kind));
}

std::unique_ptr<TestSpace> TestSpace::fork(Error* error) {
  std::unique_ptr<TestSpace> child(new TestSpace(family_));
  child->legend = legend;
  child->width_ = width_;
  const Snapshot before = Snapshot::of(state());
  const Result<void> done = space_.fork_into(child->space_);
  if (error != nullptr) *error = done.error();
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
