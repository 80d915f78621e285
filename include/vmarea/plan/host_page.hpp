// SPDX-License-Identifier: MIT
//
// What a page of the host must allow where it holds several pages of the guest: the union of what
// they will allow once a change is committed.
//
//   pages of the guest    | rw- | r-- | ... | --x |
//   page of the host      |          rwx          |
//
// A host cannot do better: what is finer than its pages is asked of the areas.
#pragma once

#include <cstdint>

#include "vmarea/plan/step.hpp"
#include "vmarea/space/find.hpp"

namespace vmarea {

/// What a range of the host's memory is for.
struct HostProtection {
  Flags access{};          // read, write and exec, of any page of the guest in it.
  bool is_mapped = false;  // Whether any page of the guest in it is mapped at all.

  friend constexpr bool operator==(const HostProtection&, const HostProtection&) = default;
};

/// A bit for each page of the guest, up to 64 of them from `start` on.
class GuestPages {
 public:
  static constexpr unsigned count_max = 64;

  GuestPages(Range range, const Geometry& geometry) noexcept
      : range_(range), shift_(geometry.page_shift) {}

  void unmap(Range where) noexcept {
    const std::uint64_t pages = bits(where);
    mapped_ &= ~pages;
    for (std::uint64_t& kind : allowed_) kind &= ~pages;
  }
  void map(Range where, Flags flags) noexcept {
    unmap(where);
    mapped_ |= bits(where);
    for (unsigned kind = 0; kind < 3; ++kind) {
      if (flags.has_any(kinds[kind])) allowed_[kind] |= bits(where);
    }
  }
  HostProtection protection() const noexcept {
    HostProtection all{.is_mapped = mapped_ != 0};
    for (unsigned kind = 0; kind < 3; ++kind) {
      if (allowed_[kind] != 0) all.access |= kinds[kind];
    }
    return all;
  }

 private:
  static constexpr Flags kinds[] = {flag::read, flag::write, flag::exec};

  std::uint64_t bits(Range where) const noexcept {
    const Range part = where.within(range_);
    if (part.empty()) return 0;
    const std::uint64_t count = part.length() >> shift_;
    return (~std::uint64_t{0} >> (count_max - count)) << ((part.start - range_.start) >> shift_);
  }

  Range range_;
  unsigned shift_;
  std::uint64_t mapped_ = 0;
  std::uint64_t allowed_[3]{};
};

/// The first address from `at` on that is mapped, or will be after `plan`; else the last number.
template <class Host, class Plan>
Address first_mapped(const SpaceState<Host>& space, const Plan& plan, Address at) noexcept {
  const Area<Host>* const area = find_at_or_above(space, at);
  Address first = area == nullptr ? everything.end : area->start;
  plan.for_each_step(space, [&](const Step<Host>& step) {
    if (step.kind != StepKind::edit) return;
    for (const Piece<Host>& piece : step.edit->pieces) {
      const Range after = piece.after.range();
      if (after.end > at && after.start < first) first = after.start;
    }
  });
  return first > at ? first : at;
}

/// The union over all pages of the guest in `range`, widened to whole pages, as they will be after
/// `plan`, which was made on this space. Nothing is mapped in a range that ends before it starts.
template <class Host, class Plan>
HostProtection host_protection(const SpaceState<Host>& space, const Plan& plan,
                               Range range) noexcept {
  const Geometry geometry = space.services.geometry();
  const std::uint64_t block = GuestPages::count_max * geometry.page_size();
  HostProtection all;
  // No area reaches past the limit; the end of a page above it could wrap.
  const Address end = range.end < geometry.limit ? geometry.round_up(range.end) : geometry.limit;
  for (Address at = geometry.round_down(range.start); at < end;) {
    const Range part{at, end - at > block ? at + block : end};
    GuestPages pages(part, geometry);
    for_each_in(space, part, [&](const Area<Host>& area) { pages.map(area.range(), area.flags); });
    plan.for_each_step(space, [&](const Step<Host>& step) {
      if (step.kind != StepKind::edit) return;
      pages.unmap(step.edit->extent);
      for (const Piece<Host>& piece : step.edit->pieces) {
        pages.map(piece.after.range(), piece.after.flags);
      }
    });
    const HostProtection here = pages.protection();
    all = {all.access | here.access, all.is_mapped || here.is_mapped};
    at = part.end;
    if (!here.is_mapped && at < end) at = first_mapped(space, plan, at);
  }
  return all;
}

}  // namespace vmarea
