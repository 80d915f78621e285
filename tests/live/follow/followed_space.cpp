// SPDX-License-Identifier: MIT
#include "followed_space.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>
#include <vmarea_shims/maps_text.hpp>

#include "proc_text.hpp"
#include "process_facts.hpp"
#include "support/flag_letters.hpp"

namespace follow {
namespace {

namespace flag = vmarea::flag;
constexpr vmarea::Geometry geometry{};

bool may_have_identity(const AreaDescription& area) {
  return !area.flags.has_any(flag::shared | flag::may_share | flag::io | flag::huge_tlb) &&
         vmarea::shims::special_name<Services>(area.hooks).empty();
}

/// Whether touching the area would give it an identity.
bool lacks_identity(const AreaDescription& area) {
  return !area.identity && may_have_identity(area);
}

/// One anonymous page of each area in `range` that has some and should not, in ascending order.
/// Runs of such areas without a hole are asked about at once: most have none.
std::vector<vmarea::Address> find_first_pages(const Space& space, KernelSpace& kernel,
                                              vmarea::Range range = vmarea::everything) {
  std::vector<vmarea::Address> pages;
  vmarea::Range run;
  bool run_is_huge = false;
  const auto ask = [&] {
    while (!run.empty()) {
      const auto page = kernel.find_anonymous_page(run, run_is_huge);
      if (!page) break;
      pages.push_back(*page);
      run.start = space.find(*page)->end;
    }
    run = {};
  };
  for (const auto& area : space.areas(range)) {
    const bool huge = area.flags.has_any(flag::huge_page);
    if (!lacks_identity(area) || huge != run_is_huge || area.start != run.end) ask();
    if (!lacks_identity(area)) continue;
    if (run.empty()) run.start = area.start;
    run.end = area.end;
    run_is_huge = huge;
  }
  ask();
  return pages;
}

/// What this kernel gives all new memory.
vmarea::Flags marks_of_new_memory() {
  static const vmarea::Flags marks = find_marks_of_new_memory();
  return marks;
}

/// What smaps has no letters for cannot be compared.
vmarea::Flags unseen_flags() {
  static const vmarea::Flags unseen = find_unseen_flags();
  return unseen;
}

/// From the area before `range` to the one behind it.
vmarea::Range find_surroundings(const Space& space, vmarea::Range range) {
  const auto [area, prev] = space.find_with_prev(range.start);
  static_cast<void>(area);
  const auto* next = space.find_at_or_above(range.end);
  return {prev != nullptr ? prev->start : 0, next != nullptr ? next->end : geometry.limit};
}

std::optional<std::string> differs(const KernelArea& theirs, const AreaDescription& ours) {
  if (theirs.start != ours.start || theirs.end != ours.end) return "ranges differ";
  if (theirs.access != vmarea::shims::shown_letters(ours.flags)) return "permissions differ";
  if (theirs.offset_bytes != vmarea::shims::shown_offset(ours, geometry)) return "offsets differ";
  const FileId id = ours.file != nullptr ? ours.file->id : FileId{};
  if (ours.file != nullptr && !ours.file->id_known) {
    if (theirs.file == FileId{}) return "ours has a file, the kernel's has none";
    ours.file->id = theirs.file;
    ours.file->id_known = true;
    return std::nullopt;
  }
  if (theirs.file != id) return "device or inode differ";
  return std::nullopt;
}

}  // namespace

vmarea::shims::ShownFile FollowedNames::shown_file(const AreaDescription& area) {
  if (area.file == nullptr) return {};
  const FileId& id = area.file->id;
  return {{id.major, id.minor}, id.inode, area.file->name};
}

FollowedSpace::FollowedSpace(FileRegistry& files, pid_t task)
    : files_(files), viewer_(task), kernel_(task) {
  static const vmarea::PageCount charge_max = read_charge_max();
  static const vmarea::KernelProfile running = read_profile();
  host_.files = &files;
  host_.charge_max = charge_max;
  host_.profile = running;
  refresh_limits(task);
  refresh_personality(task);
}

void FollowedSpace::refresh_limits(pid_t task) {
  const auto [rights, is_new] = rights_.try_emplace(task, false);
  if (is_new) rights->second = has_rights_that_count(task);
  host_.limits = read_limits(task, rights->second ? capabilities_of(task) : 0);
}

void FollowedSpace::refresh_personality(pid_t task) {
  randomised_ = is_randomised(task);
  implies_exec_ = read_implies_exec(task);
  if (space_ != nullptr) space_->state().modes.read_implies_exec = implies_exec_;
}

void FollowedSpace::load_image(pid_t task) {
  const std::vector<KernelArea> areas = kernel_.read_areas_with_flags();
  space_ = std::make_unique<Space>(Services(host_), read_layout(task, areas));
  space_->state().modes = read_modes(task);
  space_->state().modes.read_implies_exec = implies_exec_;
  space_->state().default_flags = marks_of_new_memory();
  rebuild(describe_image(areas, files_));
  catch_up();
  adopt_identities();
}

void FollowedSpace::rebuild(const std::vector<AreaDescription>& areas) {
  auto fresh = std::make_unique<Space>(Services(host_), space_->layout());
  fresh->state().last_identity = space_->state().last_identity;
  fresh->state().default_flags = space_->state().default_flags;
  fresh->state().modes = space_->state().modes;
  for (const AreaDescription& area : areas) {
    AreaDescription untouched = area;
    untouched.identity = {};
    if (!fresh->insert(untouched)) std::terminate();  // The kernel's areas do not overlap.
    vmarea::find_area(fresh->state(), area.start)->identity = area.identity;
  }
  space_ = std::move(fresh);
}

void FollowedSpace::catch_up() {
  follow_releases();
  note_growing(vmarea::everything);
  follow_growth();
  if (!learn_identities(vmarea::everything)) touch_pages_of(kernel_);
}

void FollowedSpace::follow_releases() {
  if (!has_contexts_) return;
  has_contexts_ = false;
  const std::vector<KernelArea> theirs = kernel_.read_areas_with_flags();
  std::set<vmarea::UserfaultContext> released;
  for (const auto& area : space_->areas()) {
    if (!area.flags.has_any(flag::userfault)) continue;
    has_contexts_ = true;
    const auto same = std::ranges::find_if(
        theirs, [&](const KernelArea& shown) { return shown.range().contains(area.start); });
    const bool is_watched = same == theirs.end() || same->flags->has_any(flag::userfault);
    if (!is_watched) released.insert(area.attributes->userfault_context);
  }
  for (const vmarea::UserfaultContext context : released) {
    static_cast<void>(space_->release_userfault(context));
  }
}

void FollowedSpace::catch_up_around(const CallRanges& ranges) {
  if (ranges.everywhere) return catch_up();
  follow_releases();
  follow_growth();
  for (const vmarea::Range range : ranges.parts) {
    if (!learn_identities(find_surroundings(*space_, range))) touch_pages_around(range);
  }
}

/// The kernel's areas have changed already, so only pages say what was touched.
void FollowedSpace::catch_up_beside(const CallRanges& mapped) {
  for (const vmarea::Range range : mapped.parts) touch_pages_around(range);
}

void FollowedSpace::note_growing(vmarea::Range range) {
  for (const auto& area : space_->areas(range)) {
    const bool grows = area.flags.has_any(flag::grows_down);
    if (grows && std::ranges::find(growing_, area.end - 1) == growing_.end()) {
      growing_.push_back(area.end - 1);
    }
  }
}

void FollowedSpace::follow_growth() {
  std::erase_if(growing_, [&](vmarea::Address last) {
    const auto* area = space_->find(last);
    if (area == nullptr || !area->flags.has_any(flag::grows_down)) return true;
    const auto theirs = kernel_.find_at_or_above(last);
    if (theirs && theirs->start < area->start) {
      static_cast<void>(space_->grow_stack(theirs->start));
    }
    return false;
  });
}

/// A touched area may share the identity of one beside it, so what was touched there comes first.
void FollowedSpace::touch_pages_around(vmarea::Range range) {
  const vmarea::Range around = find_surroundings(*space_, range);
  std::vector<vmarea::Address> pages = find_first_pages(*space_, kernel_, around);
  if (pages.empty()) return;
  const auto find_page = [&](const vmarea::Area<Services>* area) -> std::optional<vmarea::Address> {
    if (area == nullptr) return std::nullopt;
    const auto found = find_first_pages(*space_, kernel_, area->range());
    return found.empty() ? std::nullopt : std::optional(found.front());
  };
  for (auto page = std::optional(pages.front()); page;) {
    const vmarea::Address start = space_->find(*page)->start;
    page = start <= around.start && start != 0 ? find_page(space_->find(start - 1)) : std::nullopt;
    if (page) pages.insert(pages.begin(), *page);
  }
  for (auto page = std::optional(pages.back()); page;) {
    const vmarea::Address end = space_->find(*page)->end;
    page = end >= around.end ? find_page(space_->find(end)) : std::nullopt;
    if (page) pages.push_back(*page);
  }
  for (const vmarea::Address page : pages) {
    static_cast<void>(space_->touch(page, vmarea::Touch::forced_write));
  }
}

void FollowedSpace::touch_pages_of(KernelSpace& kernel) {
  for (vmarea::Address page : find_first_pages(*space_, kernel)) {
    static_cast<void>(space_->touch(page, vmarea::Touch::forced_write));
  }
}

void FollowedSpace::fork_from(FollowedSpace& parent) {
  if (KernelIdentities::find() == nullptr) parent.touch_pages_of(kernel_);
  space_ = std::make_unique<Space>(Services(host_), parent.space_->layout());
  if (!parent.space_->fork_into(*space_)) in_doubt = true;
  has_contexts_ = parent.has_contexts_;
}

std::vector<AreaDescription> FollowedSpace::copy_around(const CallRanges& ranges) const {
  std::vector<AreaDescription> copies;
  const auto copy = [&](vmarea::Range range) {
    for (const auto& area : space_->areas(range)) copies.push_back(area);
  };
  if (ranges.everywhere) {
    copy(vmarea::everything);
  } else {
    for (const vmarea::Range range : ranges.parts) copy(find_surroundings(*space_, range));
  }
  return copies;
}

std::optional<Difference> FollowedSpace::compare_around(const CallRanges& ranges,
                                                        const std::vector<vmarea::Range>& touched) {
  if (ranges.everywhere || !KernelSpace::has_queries()) return compare();
  for (const vmarea::Range range : ranges.parts) {
    const vmarea::Range around = find_surroundings(*space_, range);
    if (auto difference = compare_within(around, touched)) return difference;
  }
  return std::nullopt;
}

/// Requires: the range starts and ends with areas of ours, or where there are none.
std::optional<Difference> FollowedSpace::compare_within(vmarea::Range range,
                                                        const std::vector<vmarea::Range>& touched) {
  const std::vector<ViewedArea> views = view_areas(range);
  if (!are_ours(views, range)) {
    if (auto difference = compare_by_queries(range)) return difference;
    if (!views.empty()) {
      if (auto difference = compare_flags(view_areas(vmarea::everything))) return difference;
    }
  }
  note_growing(range);
  return compare_identities(see_identities(range, views), touched);
}

std::vector<ViewedArea> FollowedSpace::view_areas(vmarea::Range range) const {
  const KernelIdentities* const identities = KernelIdentities::find();
  return identities != nullptr ? identities->read(viewer_, range) : std::vector<ViewedArea>{};
}

/// Which file an area has a view does not tell, but that it is the one as which it was seen before.
bool FollowedSpace::are_ours(const std::vector<ViewedArea>& views, vmarea::Range range) {
  auto view = views.begin();
  for (const auto& ours : space_->areas(range)) {
    vmarea::Flags flags;
    if (view == views.end() || view->start != ours.start || view->end != ours.end) return false;
    if (!KernelIdentities::flag_bits().decode(view->bits, flags)) return false;
    if (!ours.flags.difference(flags).without(unseen_flags()).empty()) return false;
    if ((view->file != 0) != (ours.file != nullptr)) return false;
    if (ours.file != nullptr) {
      if (view->page_offset != ours.page_offset) return false;
      if (view->file != ours.file->seen_as) {
        const auto theirs = kernel_.find_at_or_above(ours.start);
        if (!theirs || differs(*theirs, ours)) return false;
        ours.file->seen_as = view->file;
      }
    }
    ++view;
  }
  return view == views.end();
}

std::optional<Difference> FollowedSpace::compare_by_queries(vmarea::Range range) {
  auto theirs = kernel_.find_at_or_above(range.start);
  for (const auto& ours : space_->areas(range)) {
    if (!theirs) return Difference{ours.start, "ours has an area more"};
    if (const auto what = differs(*theirs, ours)) {
      return Difference{std::min(ours.start, theirs->start), *what};
    }
    theirs = kernel_.find_at_or_above(ours.end);
  }
  if (theirs && theirs->start < range.end) {
    return Difference{theirs->start, "the kernel has an area more"};
  }
  return std::nullopt;
}

std::optional<Difference> FollowedSpace::compare() {
  const std::vector<KernelArea>& theirs = kernel_.read_areas();
  std::size_t i = 0;
  for (const auto& ours : space_->areas()) {
    if (i == theirs.size()) return Difference{ours.start, "ours has an area more"};
    if (const auto what = differs(theirs[i], ours)) {
      return Difference{std::min(ours.start, theirs[i].start), *what};
    }
    ++i;
  }
  if (i < theirs.size()) return Difference{theirs[i].start, "the kernel has an area more"};
  if (auto difference = compare_text()) return difference;
  return compare_identities(see_identities(vmarea::everything), {});
}

std::optional<Difference> FollowedSpace::compare_text() {
  std::string ours = vmarea::shims::maps_text(*space_, FollowedNames{});
  std::string_view theirs = kernel_.last_maps();
  if (ours == theirs) return std::nullopt;
  // A file was renamed or deleted, perhaps between our two looks.
  files_.refresh_names();
  ours = vmarea::shims::maps_text(*space_, FollowedNames{});
  if (ours == theirs) return std::nullopt;
  theirs = kernel_.read_maps();
  std::string_view rest = ours;
  for (const auto& area : space_->areas()) {
    const std::string_view line = vmarea::shims::take_line(rest);
    const std::string_view shown = vmarea::shims::take_line(theirs);
    if (line != shown) return Difference{area.start, fmt::format("maps shows \"{}\"", shown)};
  }
  return std::nullopt;
}

/// By the views alone where they leave no doubt. What smaps says is learned.
std::optional<Difference> FollowedSpace::compare_flags(const std::vector<ViewedArea>& views) {
  if (!views.empty() && are_ours(views, vmarea::everything)) return std::nullopt;
  const std::vector<KernelArea> theirs = kernel_.read_areas_with_flags();
  auto view = views.begin();
  for (const KernelArea& area : theirs) {
    while (view != views.end() && view->start < area.start) ++view;
    if (view == views.end()) break;
    const bool is_same = view->start == area.start && view->end == area.end;
    if (is_same) KernelIdentities::flag_bits().learn(view->bits, *area.flags);
  }
  std::size_t i = 0;
  for (const auto& ours : space_->areas()) {
    if (i == theirs.size()) break;  // compare() tells that better.
    const vmarea::Flags differing =
        ours.flags.difference(*theirs[i++].flags).without(unseen_flags());
    if (differing.empty()) continue;
    return Difference{ours.start,
                      fmt::format("flags differ ({})", vmarea::test::letters_of(differing))};
  }
  return std::nullopt;
}

std::optional<Difference> FollowedSpace::compare_hidden(pid_t task) {
  if (auto difference = compare_flags(view_areas(vmarea::everything))) return difference;
  const vmarea::PageTotals counted = read_totals(task);
  const vmarea::PageTotals& totals = space_->totals();
  if (counted == totals) return std::nullopt;
  const auto print = [](const vmarea::PageTotals& t) {
    return fmt::format("total {} data {} exec {} stack {} locked {}", t.total, t.data, t.exec,
                       t.stack, t.locked);
  };
  return Difference{
      0, fmt::format("page counters differ: kernel {}, ours {}", print(counted), print(totals))};
}

void FollowedSpace::take_totals(pid_t task) {
  space_->state().totals = read_totals(task);
}

void FollowedSpace::take_from_kernel(const std::function<void(AreaDescription&)>& adjust) {
  std::vector<AreaDescription> areas;
  for (const KernelArea& theirs : kernel_.read_areas_with_flags()) {
    const auto* ours = space_->find_at_or_above(theirs.start);
    AreaDescription area;
    if (ours != nullptr && ours->start < theirs.end) {
      area = ours->within(theirs.range(), geometry);
      // It may have grown to both sides over what was not there.
      area.page_offset -= geometry.pages(area.start - theirs.start);
      for (const auto* part = ours; part != nullptr && part->start < theirs.end;
           part = space_->find_at_or_above(part->end)) {
        if (!area.identity) area.identity = part->identity;
      }
    } else {
      area = describe_shown(theirs, files_);
    }
    area.start = theirs.start;
    area.end = theirs.end;
    area.flags = *theirs.flags | (area.flags & unseen_flags());
    if (adjust) adjust(area);
    areas.push_back(area);
  }
  rebuild(areas);
  adopt_identities();
  in_doubt = false;
}

std::vector<SeenIdentity> FollowedSpace::see_identities(vmarea::Range range) {
  return see_identities(range, view_areas(range));
}

/// Areas of ours and the kernel's in a range, side by side; none if they are not the same ones.
std::vector<SeenIdentity> FollowedSpace::see_identities(vmarea::Range range,
                                                        const std::vector<ViewedArea>& theirs) {
  std::vector<SeenIdentity> seen;
  if (theirs.empty()) return seen;
  auto view = theirs.begin();
  for (const auto& ours : space_->areas(range)) {
    if (view == theirs.end() || view->start != ours.start || view->end != ours.end) return {};
    if (may_have_identity(ours)) {
      seen.push_back({.area = vmarea::find_area(space_->state(), ours.start),
                      .theirs = view->identity,
                      .page_offset = view->page_offset,
                      .has_file = view->file != 0});
    }
    ++view;
  }
  return view == theirs.end() ? seen : std::vector<SeenIdentity>{};
}

/// What was touched shares with what lies beside, which may have been touched since it was looked
/// at last: the range is widened until it begins and ends with what is known.
bool FollowedSpace::learn_identities(vmarea::Range range) {
  std::vector<SeenIdentity> seen = see_identities(range);
  if (seen.empty()) return false;
  const auto is_new = [](const SeenIdentity& one) {
    return one.theirs != 0 && !one.area->identity;
  };
  while (!seen.empty()) {
    const auto* const before = space_->find_with_prev(seen.front().area->start).prev;
    const auto* const behind = space_->find(seen.back().area->end);
    vmarea::Range wider = range;
    if (is_new(seen.front()) && before != nullptr)
      wider.start = std::min(range.start, before->start);
    if (is_new(seen.back()) && behind != nullptr) wider.end = std::max(range.end, behind->end);
    if (wider.start == range.start && wider.end == range.end) break;
    range = wider;
    seen = see_identities(range);
  }
  learn_identities(seen);
  return true;
}

/// One area that was touched between two that were not, or were seen before it was, takes what the
/// rules say, which is compared later. Of several side by side the order of the touches decides,
/// and perhaps that of two processors: they are given what the kernel's have.
void FollowedSpace::learn_identities(const std::vector<SeenIdentity>& seen) {
  std::map<std::uint64_t, vmarea::AnonIdentity> known;
  std::vector<bool> news;
  for (const SeenIdentity& one : seen) {
    news.push_back(one.theirs != 0 && !one.area->identity);
    if (one.theirs != 0 && one.area->identity) known.emplace(one.theirs, one.area->identity);
  }
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (!news[i]) continue;
    const bool follows_new = i > 0 && news[i - 1];
    const bool precedes_new = i + 1 < seen.size() && news[i + 1];
    if (!follows_new && !precedes_new) {
      static_cast<void>(space_->touch(seen[i].area->start, vmarea::Touch::forced_write));
      continue;
    }
    const auto [same, is_first] = known.try_emplace(seen[i].theirs);
    if (is_first) same->second = make_identity();
    seen[i].area->identity = same->second;
  }
}

vmarea::AnonIdentity FollowedSpace::make_identity() {
  constexpr std::uint64_t step = 2;  // The lowest bit tells a fork's.
  return vmarea::AnonIdentity::of(space_->state().last_identity += step);
}

/// What a call has touched itself, or another process, has no identity of ours before this.
std::optional<Difference> FollowedSpace::compare_identities(
    const std::vector<SeenIdentity>& seen, const std::vector<vmarea::Range>& touched) {
  if (has_contexts_) return std::nullopt;  // Other threads run on, and touch what they like.
  for (const SeenIdentity& one : seen) {
    const auto* const area = one.area;
    const std::uint64_t theirs = one.theirs;
    if (!one.has_file && one.page_offset != area->page_offset) {
      return Difference{area->start, fmt::format("page offsets differ: kernel {:#x}, ours {:#x}",
                                                 one.page_offset, area->page_offset)};
    }
    if (theirs == 0 && area->identity) {
      return Difference{area->start, "ours has an identity, the kernel's has none"};
    }
    const bool was_touched = std::ranges::any_of(
        touched, [&](vmarea::Range before) { return before.overlaps(area->range()); });
    if (theirs != 0 && !area->identity && was_touched) {
      return Difference{area->start, "the kernel's has an identity, ours has none"};
    }
  }
  if (!seen.empty()) learn_identities({seen.front().area->start, seen.back().area->end});
  std::map<std::uint64_t, const SeenIdentity*> by_theirs;
  std::map<std::uint64_t, const SeenIdentity*> by_ours;
  for (const SeenIdentity& one : seen) {
    if (one.theirs == 0) continue;
    const SeenIdentity* const theirs = by_theirs.try_emplace(one.theirs, &one).first->second;
    const SeenIdentity* const ours =
        by_ours.try_emplace(one.area->identity.value(), &one).first->second;
    if (theirs == ours) continue;
    return Difference{one.area->start,
                      theirs != &one
                          ? fmt::format("the kernel's shares the identity of {:x}, ours does not",
                                        theirs->area->start)
                          : fmt::format("ours shares the identity of {:x}, the kernel's does not",
                                        ours->area->start)};
  }
  return std::nullopt;
}

void FollowedSpace::adopt_identities() {
  std::map<std::uint64_t, vmarea::AnonIdentity> known;
  for (const SeenIdentity& one : see_identities(vmarea::everything)) {
    if (!one.has_file) one.area->page_offset = one.page_offset;
    if (one.theirs == 0) {
      one.area->identity = {};
      continue;
    }
    const auto [same, is_first] = known.try_emplace(one.theirs);
    if (is_first) same->second = one.area->identity ? one.area->identity : make_identity();
    one.area->identity = same->second;
  }
}

}  // namespace follow
