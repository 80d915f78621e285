// SPDX-License-Identifier: MIT
//
// A land on hosts of one kind. After each step it asks what the library answers for itself, and
// counts anew:
//
//   invariants      check() of each space, the tree's own
//   counters        page totals and charge, from the areas
//   references      of areas, files and attributes, over all spaces
//   notices         a mirror that hears nothing else is equal to the space
//   preview         the steps that a change shows, before and after reserve, are what commit does
//   failure         a change that could not be reserved, or was dropped, left everything as it was
#pragma once

#include <algorithm>

#include "fuzz/expected.hpp"
#include "fuzz/fuzz_world.hpp"
#include "model/replayed_steps/notice_mirror.hpp"

namespace vmarea::test::fuzz {

template <Variant variant>
class AnyLand final : public Land {
 public:
  using World = FuzzWorld<variant>;
  using Host = typename World::Host;
  using Space = typename World::Space;

  explicit AnyLand(const Scene& scene) : world_(scene), page_shift_(scene.page_shift) {
    world_.host.on_notice = [this](const Notice<Host>& notice) { hear(notice); };
  }
  ~AnyLand() override { (void)end(); }

  std::string take(const Step& step, Form form) override {
    wrong_.clear();
    notices_.clear();
    world_.host.sent.clear();
    step_ = &step;
    form_ = form;
    if (step.limits != 0) world_.set_limits(Settings::of(step.limits, page_shift_));
    world_.choose(step.space);
    hears_ = world_.current();
    const Answer answer = every_call::play(world_, step.call, *this);
    seen_ = observe();
    seen_.answer = answer;
    seen_.notices = notices_;
    seen_.events = world_.host.sent;
    check_spaces();
    check_references();
    check_lookups();
    return wrong_;
  }
  std::string end() override {
    if (ended_) return {};
    ended_ = true;
    world_.host.on_notice = {};
    world_.end_spaces();
    std::string left;
    if (world_.host.areas != 0) left += fmt::format("{} areas are left\n", world_.host.areas);
    if (world_.host.contents != 0) left += "attributes are left\n";
    if (world_.host.charged != 0) left += "pages are left charged\n";
    for (const auto& file : world_.host.files) {
      if (file.references != 0) left += "references to a file are left\n";
    }
    if constexpr (variant.own_data != OwnData::none) {
      if (CountedData<variant>::live != data_before_) {
        left += fmt::format("{} own data more than before\n",
                            CountedData<variant>::live - data_before_);
      }
    }
    return left;
  }
  const Seen& seen() const override { return seen_; }

  // The form of a call.
  template <class Whole, class Plan>
  auto made(Whole&& whole, Plan&& plan) {
    if (form_ == Form::in_one_go) return whole();
    if (step_->between == Between::drop_planned) {
      const auto dropped = plan();
      Expected<Host> expected(world_.space().state());
      expected.apply(dropped);
    }
    if (step_->between == Between::drop_reserved) {
      const Seen before = observe();
      auto dropped = plan();
      (void)dropped.reserve();
      dropped.end();
      expect_as(before, "a change that was dropped");
    }
    return perform(plan());
  }
  Result<void> forked(World&, typename World::GoOn) {
    hears_ = world_.child();
    if (hears_ == world_.current()) return Error::invalid;
    world_.make_room_for_child();
    mirrors_[hears_] = {};
    const Result<void> done = world_.fork();
    if (!done && world_.space(hears_)->area_count() != 0) fail("a failed fork left areas");
    return done;
  }

 private:
  using Mirror = replayed_steps::NoticeMirror<Host>;

  void fail(const std::string& what) { wrong_ += what + "\n"; }
  void hear(const Notice<Host>& notice) {
    mirrors_[hears_].hear(notice);
    const Range partner = notice.partner == nullptr ? Range{} : notice.partner->range();
    notices_ += fmt::format("{} {:x}-{:x} before {:x}-{:x} partner {:x}-{:x}\n", name(notice.event),
                            notice.area.start, notice.area.end, notice.before.start,
                            notice.before.end, partner.start, partner.end);
  }

  /// Something happens from here to the end of the change.
  class Meanwhile {
   public:
    Meanwhile(World& world, Between what)
        : world_(world), limits_(world.host.limits), charge_max_(world.host.charge_max) {
      if (what == Between::tight_limits) {
        Limits& limits = world.host.limits;
        limits.area_count_max = limits.address_space_bytes = limits.data_bytes = 0;
        limits.data_bytes_hard = limits.stack_bytes = limits.locked_bytes = 0;
        limits.may_lock_any = limits.may_map_lowest = false;
        limits.strict_overcommit = !limits.strict_overcommit;
      }
      if (what == Between::no_charge) world.host.charge_max = world.host.charged;
      every_call::drivers_changed_their_mind = what == Between::drivers_change;
    }
    Meanwhile(const Meanwhile&) = delete;
    Meanwhile& operator=(const Meanwhile&) = delete;
    ~Meanwhile() { end(); }
    void end() {
      world_.host.limits = limits_;
      world_.host.charge_max = charge_max_;
      every_call::drivers_changed_their_mind = false;
    }

   private:
    World& world_;
    const Limits limits_;
    const PageCount charge_max_;
  };

  template <class Plan>
  Result<typename Plan::Value> perform(Change<Host, Plan> change) {
    if (step_->between == Between::moves) return reserve(Change<Host, Plan>(std::move(change)));
    return reserve(std::move(change));
  }
  template <class Plan>
  Result<typename Plan::Value> reserve(Change<Host, Plan> change) {
    const Seen before = observe();
    const auto& state = world_.space().state();
    Expected<Host> planned(state);
    planned.apply(change);
    const auto status = change.status();
    Meanwhile meanwhile(world_, step_->between);
    const Result<void> taken = change.reserve();
    if (!taken) {
      meanwhile.end();
      change.end();
      expect_as(before, "a change that could not be reserved");
      return taken.error();
    }
    Expected<Host> reserved(state);
    reserved.apply(change);
    if (!change.gave_up_joins() && !(planned == reserved)) {
      fail("a reserved change shows other steps than the planned one");
    }
    if (!(change.status() == status)) fail("a reserved change has another answer");
    const auto answer = change.commit();
    if (!(answer == change.status())) fail("commit does not answer what the plan said");
    wrong_ += reserved.compare(state);
    if constexpr (requires { change.rest(); }) {
      if (change.has_rest()) {
        meanwhile.end();
        const auto moved = perform(change.rest());
        return moved ? answer : moved;
      }
    }
    meanwhile.end();
    return change.finish();
  }

  void expect_as(const Seen& before, const char* what) {
    const std::string changes = differences(before, observe());
    if (!changes.empty()) fail(fmt::format("{} changed something:\n{}", what, changes));
  }

  Seen observe() const {
    Seen seen;
    std::vector<std::uint64_t> identities;
    std::vector<const void*> files;
    const auto number = [](auto& shown, auto value) -> std::uint64_t {
      const auto found = std::find(shown.begin(), shown.end(), value);
      const auto index = static_cast<std::uint64_t>(found - shown.begin());
      if (found == shown.end()) shown.push_back(value);
      return index + 1;
    };
    for (unsigned i = 0; i < World::spaces_max; ++i) {
      const Space* space = world_.space(i);
      if (space == nullptr) continue;
      identities.clear();  // Without a reverse map they are numbers of each space.
      for (const Area<Host>& area : space->areas()) {
        SeenArea made{i, area.start, area.end, area.page_offset, area.flags, 0, 0, 0, {}};
        if (area.identity) made.identity = number(identities, area.identity.value());
        if (area.identity.fork_child()) made.identity += 1000;
        made.file = area.file == nullptr ? 0 : world_.number_of(area.file);
        if (area.file != nullptr && made.file == 0) {
          made.file = 100 + number(files, static_cast<const void*>(area.file));
        }
        made.hooks = area.hooks == nullptr ? 1 : area.hooks == &no_hooks<Host> ? 2 : 3;
        made.attributes = content_of(area.attributes);
        seen.areas.push_back(made);
      }
      const auto& state = space->state();
      seen.spaces.push_back({state.totals, state.charged, state.area_count, state.modes,
                             state.default_flags, state.layout.brk});
    }
    seen.charged = world_.host.charged;
    return seen;
  }

  void check_spaces() {
    PageCount charged = 0;
    for (unsigned i = 0; i < World::spaces_max; ++i) {
      const Space* space = world_.space(i);
      if (space == nullptr) continue;
      const Broken broken = vmarea::check(*space);
      if (broken) fail(fmt::format("invariant {}: {}", broken.number, broken.what));
      const char* tree = space->state().tree.check();
      if (tree != nullptr) fail(tree);
      wrong_ += mirrors_[i].compare(*space);
      recount(*space);
      charged += space->state().charged;
    }
    if (charged != world_.host.charged) fail("the host's charge is not that of the spaces");
  }
  /// By the rules of the classes as they are written, not by the library's functions.
  void recount(const Space& space) {
    PageTotals totals;
    std::uint64_t accounted = 0;
    for (const Area<Host>& area : space.areas()) {
      const auto pages = static_cast<std::int64_t>((area.end - area.start) >> page_shift_);
      const auto has = [&](Flags flags) { return (area.flags.bits() & flags.bits()) != 0; };
      totals.total += pages;
      const bool stack = has(flag::grows_down) || has(flag::shadow_stack);
      if (has(flag::exec) && !has(flag::write) && !has(flag::grows_down)) {
        totals.exec += pages;
      } else if (stack) {
        totals.stack += pages;
      } else if (has(flag::write) && !has(flag::shared)) {
        totals.data += pages;
      }
      if (has(flag::locked)) totals.locked += pages;
      if (has(flag::account)) accounted += static_cast<std::uint64_t>(pages);
    }
    if (!(totals == space.totals())) fail("the page totals are not those of the areas");
    if (accounted != space.state().charged) fail("the charge is not that of the areas");
  }
  void check_references() {
    std::map<const void*, std::uint64_t> files;
    std::map<const Attributes*, std::uint64_t> attributes;
    std::int64_t areas = 0;
    for (unsigned i = 0; i < World::spaces_max; ++i) {
      const Space* space = world_.space(i);
      if (space == nullptr) continue;
      for (const Area<Host>& area : space->areas()) {
        ++areas;
        if (area.file != nullptr) ++files[area.file];
        if (area.attributes != nullptr) ++attributes[area.attributes];
        if constexpr (variant.own_data != OwnData::none) (void)area.data.checked();
      }
    }
    if (areas != world_.host.areas) fail("there are areas in no tree");
    const auto made = std::count_if(files.begin(), files.end(), [&](const auto& each) {
      return world_.number_of(each.first) == 0;
    });
    if (made != world_.host.shared_memories) fail("there is shared memory that no area has");
    for (const auto& file : world_.host.files) {
      if (file.references != files[&file]) fail("references to a file are not those of areas");
    }
    world_.host.attribute_table.for_each([&](const shims::InternedContent& content) {
      if (content.rest != nullptr) ++attributes[content.rest];
    });
    world_.host.attribute_table.for_each([&](const shims::InternedContent& content) {
      if (content.references != attributes[&content]) fail("references to attributes are wrong");
    });
  }
  void check_lookups() {
    const Space& space = world_.space();
    const Call& call = step_->call;
    for (const std::uint64_t column : {call.from, call.from + call.pages, call.to}) {
      const Address at = world_.column(column);
      const Area<Host>* found = nullptr;
      for (const Area<Host>& area : space.areas()) {
        if (area.start <= at && at < area.end) found = &area;
      }
      if (space.find(at) != found) fail(fmt::format("find({:x}) misses", at));
    }
  }

  std::int64_t data_before_ = CountedData<variant>::live;
  World world_;
  const unsigned page_shift_;
  std::array<Mirror, World::spaces_max> mirrors_;
  unsigned hears_ = 0;
  const Step* step_ = nullptr;
  Form form_ = Form::in_one_go;
  std::string notices_;
  std::string wrong_;
  Seen seen_;
  bool ended_ = false;
};

/// Simulated page tables reach as far as those of x86-64 with four levels.
template <Variant variant>
std::unique_ptr<Land> make_land(const Scene& scene) {
  constexpr unsigned reached_bits = 36;
  const Geometry geometry = Place::of(scene).geometry;
  const bool is_reached = geometry.pages(geometry.limit) >> reached_bits == 0;
  if (variant.groups == Groups::all && !is_reached) return nullptr;
  return std::make_unique<AnyLand<variant>>(scene);
}

}  // namespace vmarea::test::fuzz
