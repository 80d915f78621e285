// SPDX-License-Identifier: MIT
//
// The areas of a space as a host knows them that hears notices and nothing else: area -> range and
// flags. A notice says what its area is now, whatever its event is named after: a walk that cuts an
// area and gives a part of it other flags calls both of that `protected_`.
#pragma once

#include <map>
#include <string>
#include <utility>

#include <fmt/core.h>
#include <vmarea/vmarea.hpp>

namespace vmarea::test::replayed_steps {

template <class Host>
class NoticeMirror {
 public:
  void hear(const Notice<Host>& notice);
  /// What differs from the space, and what was wrong with a notice since the last time.
  std::string compare(const AddressSpace<Host>& space);
  bool empty() const { return known_.empty(); }

 private:
  struct Known {
    Range range{};
    Flags flags{};
  };

  void add(const Notice<Host>& notice);
  void change(const Notice<Host>& notice);
  void remove(const Notice<Host>& notice);
  void fail(const Notice<Host>& notice, const char* what);

  std::map<const Area<Host>*, Known> known_;
  std::string wrong_;
};

template <class Host>
void NoticeMirror<Host>::fail(const Notice<Host>& notice, const char* what) {
  wrong_ += fmt::format("notice {} of [{:x},{:x}): {}\n", name(notice.event),
                        notice.area.start >> 12, notice.area.end >> 12, what);
}

template <class Host>
void NoticeMirror<Host>::hear(const Notice<Host>& notice) {
  switch (notice.event) {
    case Event::mapped:
    case Event::split:
    case Event::moved:
    case Event::forked:
      return add(notice);
    case Event::unmapped:
    case Event::merged_away:
      return remove(notice);
    case Event::resized:
    case Event::protected_:
    case Event::grown:
    case Event::touched:
      return change(notice);
  }
}

/// A copy names what it is a copy of, which for a fork is an area of another space.
template <class Host>
void NoticeMirror<Host>::add(const Notice<Host>& notice) {
  const bool is_copy = notice.event != Event::mapped;
  if (!notice.before.empty()) fail(notice, "a new area was somewhere before");
  if (is_copy != (notice.partner != nullptr)) fail(notice, "a copy has a partner, another not");
  if (notice.event == Event::split || notice.event == Event::moved) {
    if (!known_.contains(notice.partner)) fail(notice, "the partner is not known");
  }
  const bool is_new =
      known_.emplace(&notice.area, Known{notice.area.range(), notice.area.flags}).second;
  if (!is_new) fail(notice, "the area is known already");
}

template <class Host>
void NoticeMirror<Host>::change(const Notice<Host>& notice) {
  const auto found = known_.find(&notice.area);
  if (found == known_.end()) return fail(notice, "the area is not known");
  Known& known = found->second;
  if (notice.partner != nullptr) fail(notice, "nothing but the area changed");
  if (!(notice.before == known.range)) fail(notice, "it was not there before");
  const Range now = notice.area.range();
  if (notice.event == Event::touched && !(now == known.range)) fail(notice, "it was resized");
  const bool grew = now.start < known.range.start && now.end == known.range.end;
  if (notice.event == Event::grown && !grew) fail(notice, "it did not grow down");
  known = {now, notice.area.flags};
}

/// What goes may be a part, where the rests of the area are copies by now.
template <class Host>
void NoticeMirror<Host>::remove(const Notice<Host>& notice) {
  const auto found = known_.find(&notice.area);
  if (found == known_.end()) return fail(notice, "the area is not known");
  const Range known = found->second.range;
  known_.erase(found);
  if (notice.event == Event::unmapped) {
    if (notice.before.empty() || !known.contains(notice.before)) fail(notice, "it was elsewhere");
    if (notice.partner != nullptr) fail(notice, "what is unmapped has no heir");
    return;
  }
  if (!(notice.before == known)) fail(notice, "it was not there before");
  const auto heir = known_.find(notice.partner);
  if (heir == known_.end()) return fail(notice, "the heir is not known");
  if (!heir->second.range.overlaps(known)) fail(notice, "the heir is elsewhere");
}

template <class Host>
std::string NoticeMirror<Host>::compare(const AddressSpace<Host>& space) {
  std::string wrong = std::exchange(wrong_, {});
  std::size_t found = 0;
  for (const Area<Host>& area : space.areas()) {
    const auto at = known_.find(&area);
    const bool same =
        at != known_.end() && at->second.range == area.range() && at->second.flags == area.flags;
    if (at != known_.end()) ++found;
    if (same) continue;
    wrong += fmt::format("[{:x},{:x}) flags {:x}: by the notices ", area.start >> 12,
                         area.end >> 12, area.flags.bits());
    wrong += at == known_.end()
                 ? std::string("it is not there\n")
                 : fmt::format("[{:x},{:x}) flags {:x}\n", at->second.range.start >> 12,
                               at->second.range.end >> 12, at->second.flags.bits());
  }
  if (found != known_.size()) wrong += "by the notices there are more areas\n";
  return wrong;
}

}  // namespace vmarea::test::replayed_steps
