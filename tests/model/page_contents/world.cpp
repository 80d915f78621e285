// SPDX-License-Identifier: MIT
#include "model/page_contents/world.hpp"

#include <algorithm>

#include "support/host_check.hpp"

namespace vmarea::test::page_contents {

namespace {

constexpr Protection rw = prot::read | prot::write;
constexpr Protection protections[] = {rw, prot::read, prot::none, rw | prot::exec};

Result<void> refuse_split(const TestDescription&, Address) noexcept {
  return Error::invalid;
}
constexpr AreaHooks<TestServices> unsplittable_hooks{.may_split = refuse_split};

}  // namespace

World::World(const Settings& settings)
    : unsplittable_(host_.make_file({}, &unsplittable_hooks)), refused_(host_.make_file()) {
  host_.profile = settings.profile;
  host_.limits.area_count_max = settings.area_count_max;
  refused_->refuses = Error::invalid;
  spaces_.push_back({std::make_unique<Calls>(TestServices(host_)), {}});
}

std::string World::take(const Step& step) {
  Space& at = spaces_[step.who % spaces_.size()];
  const Calls* acting = at.space.get();
  last_token_ = host_.last_token;
  populated_ = {};
  host_.faults.fail(step.fails_at);
  succeeded_ = make(step, at);
  host_.faults.fail(0);
  TestSpaces states;
  for (Space& each : spaces_) {
    states.push_back(&each.space->state());
    compare(each, each.space.get() == acting ? populated_ : Span{});
  }
  if (wrong_.empty()) fail(what_is_wrong_in_reverse_map(states));
  if (wrong_.empty()) check_reverse_map();
  return wrong_;
}

bool World::make(const Step& step, Space& at) {
  const Span from = span(step.from, step.pages);
  const Address start = address(from.first);
  const std::uint64_t length = step.pages << 12;
  switch (step.kind) {
    case Kind::unmap: {
      const bool done = static_cast<bool>(at.space->munmap(start, length));
      if (done) clear(at.expected, from);
      return done;
    }
    case Kind::protect:
      populated_ = from;  // Locked memory that becomes writable.
      return static_cast<bool>(
          at.space->mprotect(start, length, protections[step.variant % std::size(protections)]));
    case Kind::resize:
    case Kind::resize_or_move:
    case Kind::move:
    case Kind::move_resized:
    case Kind::keep:
    case Kind::keep_fixed:
    case Kind::duplicate:
      return remap(step, at);
    case Kind::relocate:
      return relocate(step, at);
    case Kind::drop:
    case Kind::free_late:
    case Kind::advise:
      return advise(step, at);
    case Kind::lock:
    case Kind::unlock:
      return lock(step, at);
    case Kind::touch:
    case Kind::read:
      return touch(step, at);
    case Kind::grow_stack:
      return grow_stack(step, at);
    case Kind::seal:
      return static_cast<bool>(at.space->mseal(start, length));
    case Kind::fork:
      return fork(at);
    case Kind::exit:
      if (spaces_.size() == 1) return false;
      spaces_.erase(spaces_.begin() + (&at - spaces_.data()));
      return true;
    default:
      return map(step, at);
  }
}

bool World::lock(const Step& step, Space& at) {
  const Span where = span(step.from, step.pages);
  const MlockMode how = step.kind == Kind::lock ? MlockMode::lock : MlockMode::unlock;
  if (how == MlockMode::lock) populated_ = where;
  if (!at.space->mlock(address(where.first), step.pages << 12, how)) return false;
  for (Page page = where.first; how == MlockMode::lock && page < where.upto; ++page) {
    if (at.space->state().pages.find(page) == 0) fail("locked memory without a page\n");
  }
  return true;
}

bool World::touch(const Step& step, Space& at) {
  const Page page = first_page + step.from;
  populated_ = {page, page + 1};
  const Touch how = step.kind == Kind::read ? Touch::read : Touch::write;
  if (!at.space->touch(address(page), how)) return false;
  const Token token = shims::page_table::token_of(at.space->state().pages.find(page));
  if (token == 0) fail("touched memory without a page\n");
  if (how == Touch::write) know_again(token);
  return true;
}

/// A page that was only read is written: it is anonymous from now on. A page that several spaces
/// share would be copied by that, which tokens do not show.
void World::know_again(Token token) {
  const auto known = origins_.find(token);
  if (known == origins_.end() || known->second.identity) return;
  const auto holds = [&](const Space& each) {
    return std::any_of(each.expected.begin(), each.expected.end(),
                       [&](const auto& page) { return page.second == token; });
  };
  if (std::count_if(spaces_.begin(), spaces_.end(), holds) == 1) origins_.erase(known);
}

bool World::map(const Step& step, Space& at) {
  const Span where = span(step.from, step.pages);
  MmapRequest<TestServices> request{
      .address = address(where.first),
      .length = step.pages << 12,
      .protection = protections[step.variant % 4 == 2 ? 0 : step.variant % 4],
      .flags = map::private_ | map::fixed};
  if (step.variant >= 12) request.flags |= map::populate;
  switch (step.kind) {
    case Kind::map_shared:
      request.flags = request.flags.without(map::private_) | map::shared | map::anonymous;
      break;
    case Kind::map_file:
      request.file = file_;
      if (step.variant % 2 == 0) {
        request.flags = request.flags.without(map::private_) | map::shared;
      }
      break;
    case Kind::map_unsplittable:
      request.file = unsplittable_;
      break;
    case Kind::map_refused:
      request.file = refused_;
      break;
    case Kind::map_anywhere:
      request.flags = request.flags.without(map::fixed) | map::anonymous;
      break;
    case Kind::map_stack:
      request.flags |= map::anonymous | map::grows_down;
      break;
    default:
      request.flags |= map::anonymous;
      break;
  }
  if (request.file != nullptr) request.offset = (step.from + step.variant % 2) << 12;
  const Result<Address> placed = at.space->mmap(request);
  if (placed) {
    const Page first = *placed >> 12;
    const Span there{first, first + step.pages};
    const bool fixed = request.flags.has_any(map::fixed);
    if (fixed && first != where.first) fail("a fixed mapping went elsewhere\n");
    if (!fixed && any_mapped(at.expected, there)) fail("a mapping was put over another\n");
    map_new(at.expected, there);
    populated_ = there;
  } else if (step.kind == Kind::map_refused &&
             host_.profile.partial_effects == PartialEffects::as_linux &&
             !any_mapped(pages_of(*at.space), where)) {
    clear(at.expected, where);  // A driver that refuses late leaves a hole.
  }
  return static_cast<bool>(placed);
}

bool World::remap(const Step& step, Space& at) {
  MremapRequest request{.address = address(first_page + step.from),
                        .old_length = step.pages << 12,
                        .new_length = step.to_pages << 12,
                        .flags = remap::may_move,
                        .new_address = address(first_page + step.to)};
  switch (step.kind) {
    case Kind::resize:
      request.flags = {};
      break;
    case Kind::move:
      request.flags |= remap::fixed;
      request.new_length = request.old_length;
      break;
    case Kind::move_resized:
      request.flags |= remap::fixed;
      break;
    case Kind::keep:
      request.flags |= remap::dont_unmap;
      request.new_length = request.old_length;
      break;
    case Kind::keep_fixed:
      request.flags |= remap::dont_unmap | remap::fixed;
      request.new_length = request.old_length;
      break;
    case Kind::duplicate:
      request.old_length = 0;
      if (step.variant % 2 == 0) request.flags |= remap::fixed;
      break;
    default:
      break;
  }
  const Result<Address> answer = at.space->mremap(request);
  settle(at, answer, request);
  return static_cast<bool>(answer);
}

void World::settle(Space& at, const Result<Address>& answer, const MremapRequest& request) {
  const Page source = request.address >> 12;
  const std::uint64_t old_count = request.old_length >> 12;
  const std::uint64_t new_count = request.new_length >> 12;
  const bool fixed = request.flags.has_any(remap::fixed);
  const bool keeps = request.flags.has_any(remap::dont_unmap);
  const Page target = answer ? *answer >> 12 : request.new_address >> 12;
  const Move move{{source, source + old_count}, {target, target + new_count}, keeps};
  if (!answer) {
    if (!fixed) return;
    const Pages now = pages_of(*at.space);
    const bool partial = host_.profile.partial_effects == PartialEffects::as_linux;
    if (may_be_left(at.expected, now, move, partial)) at.expected = now;
    return;
  }
  if (!fixed && !keeps && *answer == request.address) {
    const Span added{source + old_count, source + new_count};
    if (new_count > old_count && any_mapped(at.expected, added)) fail("grown over another\n");
    if (new_count > old_count) map_new(at.expected, added);
    clear(at.expected, {source + new_count, source + old_count});
    populated_ = added;
    return;
  }
  if (fixed && *answer != request.new_address) fail("a fixed move went elsewhere\n");
  if (!fixed && any_mapped(at.expected, move.to)) fail("moved over another\n");
  fail(apply(at.expected, move));
  populated_ = move.to;
}

bool World::relocate(const Step& step, Space& at) {
  SpaceState<TestServices>& state = at.space->state();
  TestArea* area = find_area(state, address(first_page + step.from));
  if (area == nullptr) return false;
  const Span old{area->start >> 12, area->end >> 12};
  using Plan = StepPlan<TestServices, void>;
  const Result<void> done =
      Change<TestServices, Plan>(state, [&](const SpaceState<TestServices>& s) {
        return plan_relocate_down(s, *area, step.to_pages << 12);
      }).complete();
  if (!done) return false;
  const Pages before = at.expected;
  clear(at.expected, old);
  for (Page page = old.first; page < old.upto; ++page) {
    at.expected[page - step.to_pages] = before.at(page);
  }
  return true;
}

bool World::grow_stack(const Step& step, Space& at) {
  const Page page = first_page + step.from;
  const auto above = at.expected.lower_bound(page);
  // One that grows over most of the address space would be too many pages to note each.
  constexpr Page noted_max = 1 << 16;
  if (above != at.expected.end() && above->first - page > noted_max) return false;
  if (!at.space->grow_stack(address(page))) return false;
  if (above == at.expected.end()) {
    fail("a stack grew out of nothing\n");
    return false;
  }
  populated_ = {page, above->first};
  map_new(at.expected, populated_);
  return true;
}

bool World::advise(const Step& step, Space& at) {
  constexpr Advice others[] = {Advice::dont_fork,    Advice::do_fork, Advice::wipe_on_fork,
                               Advice::keep_on_fork, Advice::random,  Advice::normal};
  const Span where = span(step.from, step.pages);
  Advice advice = step.kind == Kind::free_late ? Advice::free : Advice::dont_need;
  if (step.kind == Kind::advise) advice = others[step.variant % std::size(others)];
  const Result<void> done = at.space->madvise(address(where.first), step.pages << 12, advice);
  if (step.kind == Kind::advise) return static_cast<bool>(done);
  if (done) {
    drop(at.expected, where);
    return true;
  }
  const Pages now = pages_of(*at.space);
  const bool partial = host_.profile.partial_effects == PartialEffects::as_linux;
  if (partial && may_be_dropped(at.expected, now, where)) at.expected = now;
  return false;
}

bool World::fork(Space& at) {
  if (spaces_.size() >= 5) return false;
  Space child{std::make_unique<Calls>(TestServices(host_)), {}};
  for (const TestArea& area : at.space->areas()) {
    if (area.flags.has_any(flag::dont_copy)) continue;
    const bool wiped = area.flags.has_any(flag::wipe_on_fork);
    for (Page page = area.start >> 12; page < area.end >> 12; ++page) {
      child.expected[page] = wiped ? 0 : at.expected[page];
    }
  }
  if (!at.space->fork_into(*child.space)) {
    if (!pages_of(*child.space).empty()) fail("a failed fork left pages in the child\n");
    return false;
  }
  spaces_.push_back(std::move(child));
  return true;
}

Pages World::pages_of(const Calls& space) {
  Pages pages;
  for (const TestArea& area : space.areas()) {
    for (Page page = area.start >> 12; page < area.end >> 12; ++page) {
      pages[page] = shims::page_table::token_of(space.state().pages.find(page));
    }
  }
  return pages;
}

void World::compare(Space& each, Span populated) {
  SpaceState<TestServices>& state = each.space->state();
  const Broken broken = vmarea::check(state);
  if (broken) fail(fmt::format("invariant {}: {}\n", broken.number, broken.what));
  if (const char* tree = state.tree.check()) fail(fmt::format("tree: {}\n", tree));
  const Pages now = pages_of(*each.space);
  std::string text;
  for (const auto& [page, token] : now) {
    const auto expected = each.expected.find(page);
    if (expected == each.expected.end()) {
      text += fmt::format("page {:x} is mapped (token {}) and should not be\n", page, token);
    } else if (expected->second == 0 && token > last_token_ && populated.contains(page)) {
      expected->second = token;
    } else if (expected->second != token) {
      text += fmt::format("page {:x} holds token {}, not {}\n", page, token, expected->second);
    }
  }
  for (const auto& [page, token] : each.expected) {
    if (!now.contains(page)) text += fmt::format("page {:x} is not mapped\n", page);
  }
  if (!text.empty()) fail(text);
  if (wrong_.empty()) fail(what_is_wrong_in_pages(state));
}

void World::check_reverse_map() {
  identities_.clear();
  for (const Space& each : spaces_) {
    for (const TestArea& area : each.space->areas()) {
      for (const auto* link = area.reverse_map.newest; link != nullptr; link = link->older) {
        identities_.push_back(reinterpret_cast<std::uintptr_t>(link->identity));
      }
    }
  }
  for (const Space& each : spaces_) {
    for (const auto& [page, token] : each.expected) {
      if (token != 0) check_walk(each, page, token);
    }
  }
}

/// From the page to the area that maps it: by its identity if it was written, by its file if it has
/// one, with the index that it had when it came.
void World::check_walk(const Space& each, Page page, Token token) {
  const TestArea* area = each.space->find(address(page));
  const auto known = origins_.find(token);
  if (known == origins_.end()) {
    const std::uint64_t index = area->page_offset + (page - (area->start >> 12));
    origins_[token] = Origin{area->identity, index, area->file, index};
  }
  const Origin& origin = origins_[token];
  const auto shows = [&](const TestArea& found, std::uint64_t index) {
    return &found == area && (found.start >> 12) + (index - found.page_offset) == page;
  };
  if (origin.identity) {
    const std::uint64_t value = origin.identity.value();
    if (std::find(identities_.begin(), identities_.end(), value) == identities_.end()) {
      return fail(fmt::format("page {:x}: the identity of token {} is gone\n", page, token));
    }
    bool seen = false;
    TestServices::for_each_area(
        origin.identity, origin.identity_index, origin.identity_index,
        [&](const TestArea& found) { seen |= shows(found, origin.identity_index); });
    if (!seen) fail(fmt::format("page {:x}: no walk from its identity finds it\n", page));
  }
  if (origin.file != nullptr) {
    if (area->file != origin.file) return fail(fmt::format("page {:x} of another file\n", page));
    bool seen = false;
    TestServices::for_each_area(
        TestServices::mapping_of(origin.file), origin.file_index, origin.file_index,
        [&](const TestArea& found) { seen |= shows(found, origin.file_index); });
    if (!seen) fail(fmt::format("page {:x}: no walk from its file finds it\n", page));
  }
}

}  // namespace vmarea::test::page_contents
