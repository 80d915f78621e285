// SPDX-License-Identifier: MIT
#include "model/replayed_steps/naive_space.hpp"

#include <algorithm>

#include <fmt/core.h>

namespace vmarea::test::replayed_steps {

namespace {

constexpr unsigned page_shift = 12;

PlainArea plain(const TestDescription& area) {
  PlainArea made;
  made.start = area.start;
  made.end = area.end;
  made.page_offset = area.page_offset;
  made.flags = area.flags;
  made.fork_child = area.identity.fork_child();
  made.hooks = area.hooks;
  if (area.attributes != nullptr) made.attributes = *area.attributes;
  return made;
}

}  // namespace

std::string text_of(const PlainArea& area) {
  return fmt::format(
      "[{:x},{:x}) offset {:x} flags {:x} identity {}{} file {} hooks {} policy {} context {} "
      "name {}",
      area.start >> page_shift, area.end >> page_shift, area.page_offset, area.flags.bits(),
      area.identity, area.fork_child ? " (fork child)" : "", area.file,
      static_cast<const void*>(area.hooks), area.attributes.policy,
      area.attributes.userfault_context, area.attributes.name);
}

NaiveSpace::NaiveSpace(const World& world) {
  const World::Space& space = world.space();
  for (const TestArea& area : space.areas()) {
    PlainArea made = plain(area);
    if (area.identity) {
      std::uint64_t& number = identities_.numbers[area.identity.value()];
      if (number == 0) number = ++identities_.last;
      made.identity = number;
    }
    if (area.file != nullptr) {
      std::uint64_t& number = files_.numbers[area.file];
      if (number == 0) number = ++files_.last;
      made.file = number;
    }
    areas_[made.start] = made;
  }
  space.state().pages.for_each_page(
      0, ~std::uint64_t{0}, [&](std::uint64_t page, shims::page_table::Entry entry) {
        const std::uint64_t token = shims::page_table::token_of(entry);
        pages_[page] = {token, entry - (token << shims::page_table::token_shift)};
      });
  brk_ = space.layout().brk;
  default_flags_ = space.state().default_flags;
  modes_ = space.modes();
  last_token_ = world.host.last_token;
  // Files that were there before have their numbers before they are mapped.
  for (const TestFile& file : world.host.files) {
    std::uint64_t& number =
        files_.numbers[static_cast<const shims::MappedFile<TestServices>*>(&file)];
    if (number == 0) number = ++files_.last;
  }
}

void NaiveSpace::begin_change() {
  planned_identities_.clear();
}

const PlainArea* NaiveSpace::area_at(Address at) const {
  auto above = areas_.upper_bound(at);
  if (above == areas_.begin()) return nullptr;
  const PlainArea& area = (--above)->second;
  return at < area.end ? &area : nullptr;
}

PageTotals NaiveSpace::totals() const {
  PageTotals sums;
  for (const auto& [start, area] : areas_) {
    const auto pages = static_cast<std::int64_t>((area.end - start) >> page_shift);
    const auto has = [&area = area](Flags flags) { return area.flags.has_any(flags); };
    const bool runs = has(flag::exec) && !has(flag::write) && !has(flag::grows_down);
    const bool grows = has(flag::grows_down) || has(flag::shadow_stack);
    sums.total += pages;
    if (runs) {
      sums.exec += pages;
    } else if (grows) {
      sums.stack += pages;
    } else if (has(flag::write) && !has(flag::shared)) {
      sums.data += pages;
    }
    if (has(flag::locked)) sums.locked += pages;
  }
  return sums;
}

PageCount NaiveSpace::charge() const {
  PageCount sum = 0;
  for (const auto& [start, area] : areas_) {
    if (area.flags.has_any(flag::account)) sum += (area.end - start) >> page_shift;
  }
  return sum;
}

std::string NaiveSpace::apply(const ShownStep& shown) {
  const Step<TestServices>& step = shown.step;
  std::string wrong;
  switch (step.kind) {
    case StepKind::edit:
      return apply(shown.edit);
    case StepKind::move_pages:
      move_pages(step.range, step.to(), wrong);
      break;
    case StepKind::drop_pages:
      drop_pages(step.range);
      break;
    case StepKind::protect_pages:
      protect_pages(step.range, Flags(step.value));
      break;
    case StepKind::install_page:
      pages_.try_emplace(step.range.start >> page_shift, PlainPage{0, shims::page_table::fresh});
      break;
    case StepKind::set_brk:
      brk_ = step.value;
      break;
    case StepKind::set_default_flags:
      default_flags_ = Flags(step.value);
      break;
    case StepKind::set_same_page_merging:
      modes_.merges_same_pages = step.value != 0;
      break;
    case StepKind::set_write_exec:
      modes_.write_exec = WriteExecFlags(step.value);
      break;
    case StepKind::free_tables:
    case StepKind::tell_unmapped:
      break;
  }
  return wrong;
}

std::string NaiveSpace::apply(const Edit<TestServices>& edit) {
  std::string wrong;
  for (auto at = areas_.begin(); at != areas_.end();) {
    const Range range = at->second.range();
    if (!edit.extent.overlaps(range)) {
      ++at;
      continue;
    }
    if (!edit.extent.contains(range)) wrong += "an edit cuts " + text_of(at->second) + "\n";
    at = areas_.erase(at);
  }
  Address end = edit.extent.start;
  for (const Piece<TestServices>& piece : edit.pieces) {
    PlainArea area = plain(piece.after);
    wrong += number_identity(piece, area);
    wrong += number_file(edit, piece, area);
    const bool in_turn = end <= area.start && area.start < area.end && area.end <= edit.extent.end;
    if (!in_turn) wrong += "out of turn or out of the extent: " + text_of(area) + "\n";
    end = area.end;
    areas_[area.start] = area;
  }
  drop_pages(edit.unmapped);
  if (!edit.access.empty()) {
    const PlainArea* area = area_at(edit.access.start);
    if (area != nullptr) protect_pages(edit.access, area->flags);
  }
  return wrong;
}

std::string NaiveSpace::number_identity(const Piece<TestServices>& piece, PlainArea& area) {
  const std::uint64_t name = piece.after.identity.value();
  if (name == 0) return {};
  if (piece.makes_identity) {
    const bool is_first = planned_identities_.emplace(name, ++identities_.last).second;
    area.identity = identities_.last;
    return is_first ? "" : fmt::format("identity {} is made twice\n", name);
  }
  const auto planned = planned_identities_.find(name);
  const auto known = identities_.numbers.find(name);
  if (planned != planned_identities_.end()) {
    area.identity = planned->second;
  } else if (known != identities_.numbers.end()) {
    area.identity = known->second;
  } else {
    return fmt::format("no area has identity {:x} and none makes it\n", name);
  }
  return {};
}

std::string NaiveSpace::number_file(const Edit<TestServices>& edit,
                                    const Piece<TestServices>& piece, PlainArea& area) {
  if (edit.new_shared_memory && piece.is_fresh()) {
    area.file = ++files_.last;
    return {};
  }
  if (piece.after.file == nullptr) return {};
  const auto known = files_.numbers.find(piece.after.file);
  if (known == files_.numbers.end()) return "a file that is not known\n";
  area.file = known->second;
  return {};
}

void NaiveSpace::drop_pages(Range range) {
  if (range.empty()) return;
  pages_.erase(pages_.lower_bound(range.start >> page_shift),
               pages_.lower_bound(range.end >> page_shift));
}

void NaiveSpace::move_pages(Range from, Address to, std::string& wrong) {
  if (from.empty()) return;
  std::map<std::uint64_t, PlainPage> moved;
  for (auto at = pages_.lower_bound(from.start >> page_shift);
       at != pages_.end() && at->first < from.end >> page_shift;) {
    moved[at->first - (from.start >> page_shift) + (to >> page_shift)] = at->second;
    at = pages_.erase(at);
  }
  pages_.merge(moved);
  if (!moved.empty()) wrong += "pages move to where others are\n";
}

void NaiveSpace::protect_pages(Range range, Flags flags) {
  for (auto& [page, entry] : pages_) {
    if (range.contains(page << page_shift)) entry.access = (flags & flag::access).bits();
  }
}

std::string NaiveSpace::compare_areas(const World& world) {
  std::string wrong;
  std::map<std::uint64_t, std::uint64_t> identities;  // Names, by number.
  Names<std::uint64_t> found_identities{{}, identities_.last};
  auto at = areas_.begin();
  for (const TestArea& area : world.space().areas()) {
    PlainArea found = plain(area);
    if (at == areas_.end()) return wrong + "one too many: " + text_of(found) + "\n";
    const PlainArea& wanted = at->second;
    if (area.identity && wanted.identity != 0) {
      // A number has one name, a name one number, and a name that was known keeps its number.
      const std::uint64_t name = area.identity.value();
      const auto known = identities_.numbers.find(name);
      const bool same = identities.try_emplace(wanted.identity, name).first->second == name &&
                        found_identities.numbers.try_emplace(name, wanted.identity).first->second ==
                            wanted.identity;
      const bool kept = known == identities_.numbers.end() || known->second == wanted.identity;
      if (same && kept) found.identity = wanted.identity;
      if (!same || !kept) found.identity = kept ? 0 : known->second;
    } else if (area.identity) {
      found.identity = area.identity.value();
    }
    if (area.file != nullptr && wanted.file != 0) {
      const auto known = files_.numbers.find(area.file);
      if (known == files_.numbers.end()) files_.numbers[area.file] = wanted.file;
      found.file = files_.numbers[area.file];
    } else if (area.file != nullptr) {
      found.file = ~std::uint64_t{0};
    }
    if (!(found == wanted)) {
      wrong += "expected " + text_of(wanted) + "\n   found " + text_of(found) + "\n";
    }
    ++at;
  }
  if (at != areas_.end()) wrong += "missing: " + text_of(at->second) + "\n";
  identities_ = found_identities;
  return wrong;
}

std::string NaiveSpace::compare_pages(const World& world) {
  std::string wrong;
  const std::uint64_t last_before = last_token_;
  auto at = pages_.begin();
  const auto miss_below = [&](std::uint64_t page) {
    for (; at != pages_.end() && at->first < page; ++at) {
      wrong += fmt::format("page {:x} is lost\n", at->first);
    }
  };
  world.space().state().pages.for_each_page(
      0, ~std::uint64_t{0}, [&](std::uint64_t page, shims::page_table::Entry entry) {
        miss_below(page);
        const std::uint64_t token = shims::page_table::token_of(entry);
        const std::uint64_t access = entry - (token << shims::page_table::token_shift);
        if (at == pages_.end() || at->first != page) {
          wrong += fmt::format("page {:x} has token {} and should have none\n", page, token);
          return;
        }
        PlainPage& wanted = at->second;
        if (wanted.token == 0 && token > last_before) wanted.token = token;
        if (wanted.token != token || wanted.access != access) {
          wrong += fmt::format("page {:x} has token {} and access {:x}, not {} and {:x}\n", page,
                               token, access, wanted.token, wanted.access);
        }
        ++at;
      });
  miss_below(~std::uint64_t{0});
  last_token_ = world.host.last_token;
  return wrong;
}

std::string NaiveSpace::compare(const World& world) {
  const World::Space& space = world.space();
  std::string wrong = compare_areas(world) + compare_pages(world);
  std::erase_if(files_.numbers, [&](const auto& file) {
    const bool stays = std::any_of(
        world.host.files.begin(), world.host.files.end(),
        [&](const shims::MappedFile<TestServices>& each) { return &each == file.first; });
    return !stays && std::none_of(areas_.begin(), areas_.end(), [&](const auto& area) {
      return area.second.file == file.second;
    });
  });
  if (!(totals() == space.totals())) wrong += "page totals are not those of the areas\n";
  if (charge() != space.state().charged) {
    wrong += fmt::format("charged {} pages, not {}\n", space.state().charged, charge());
  }
  if (areas_.size() != space.area_count()) wrong += "the area count differs\n";
  if (brk_ != space.layout().brk) {
    wrong += fmt::format("the break is {:x}, not {:x}\n", space.layout().brk, brk_);
  }
  if (default_flags_ != space.state().default_flags) wrong += "default flags differ\n";
  if (!(modes_ == space.modes())) wrong += "modes differ\n";
  return wrong;
}

void NaiveSpace::take_over_touches(const World& world, Range touched) {
  const World::Space& space = world.space();
  for (const TestArea& area : space.areas()) {
    const auto known = areas_.find(area.start);
    if (known == areas_.end() || !area.identity) continue;
    PlainArea& wanted = known->second;
    if (wanted.identity != 0 || !wanted.range().overlaps(touched)) continue;
    std::uint64_t& number = identities_.numbers[area.identity.value()];
    if (number == 0) number = ++identities_.last;
    wanted.identity = number;
  }
  space.state().pages.for_each_page(
      touched.start >> page_shift, touched.end >> page_shift,
      [&](std::uint64_t page, shims::page_table::Entry) {
        if (area_at(page << page_shift) == nullptr) return;
        pages_.try_emplace(page, PlainPage{0, shims::page_table::fresh});
      });
}

}  // namespace vmarea::test::replayed_steps
