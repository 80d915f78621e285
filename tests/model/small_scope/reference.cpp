// SPDX-License-Identifier: MIT
#include "model/small_scope/reference.hpp"

#include <algorithm>
#include <map>

namespace vmarea::small_scope {

unsigned Reference::begin_of(unsigned page) const {
  while (!pages_[page].begins) --page;
  return page;
}

unsigned Reference::end_of(unsigned page) const {
  do {
    ++page;
  } while (mapped(page) && !pages_[page].begins);
  return page;
}

bool Reference::has_hole(Pages range) const {
  for (unsigned page = range.first; page < range.upto; ++page) {
    if (!mapped(page)) return true;
  }
  return false;
}

/// 3.1: what must be equal on both sides of an edge. Guards do not keep areas apart.
bool Reference::equal_but_identity(const Page& low, const Page& high) {
  return low.writable == high.writable && low.shared == high.shared && low.file == high.file &&
         low.account == high.account && low.dont_copy == high.dont_copy &&
         low.locked == high.locked && low.on_fault == high.on_fault && low.sealed == high.sealed &&
         low.bound == high.bound && low.offset + 1 == high.offset;
}

/// 3.2.
bool Reference::identities_fit(const Page& ours, const Page& neighbour, Source source) {
  if (ours.identity == neighbour.identity) return true;
  if (ours.identity != 0 && neighbour.identity != 0) return false;
  if (ours.identity == 0) return !neighbour.fork_child;
  return !ours.fork_child || source == Source::not_judged;
}

/// The part is as it will be; where it joins, the areas are one afterwards.
void Reference::join(Pages part, bool tries_left, bool tries_right, Source source) {
  const bool has_left = tries_left && part.first > 0 && mapped(part.first - 1);
  const bool has_right = tries_right && mapped(part.upto);
  const Page ours = pages_[part.first];
  const bool left = has_left && equal_but_identity(pages_[part.first - 1], ours) &&
                    identities_fit(ours, pages_[part.first - 1], source);
  bool right = has_right && equal_but_identity(pages_[part.upto - 1], pages_[part.upto]) &&
               identities_fit(ours, pages_[part.upto], source);
  if (left && right) {
    const int low = pages_[part.first - 1].identity;
    const int high = pages_[part.upto].identity;
    right = low == high || low == 0 || high == 0;  // 3.1-10
  }
  const unsigned first = left ? begin_of(part.first - 1) : part.first;
  const unsigned upto = right ? end_of(part.upto) : part.upto;
  if (left) pages_[part.first].begins = false;
  if (right) pages_[part.upto].begins = false;
  joins_ += static_cast<unsigned>(left) + static_cast<unsigned>(right);
  Page whole = ours;
  for (unsigned page = first; page < upto; ++page) {
    whole.guarded |= pages_[page].guarded;
    if (pages_[page].identity == 0) continue;
    whole.identity = pages_[page].identity;
    whole.fork_child = pages_[page].fork_child;
  }
  for (unsigned page = first; page < upto; ++page) {
    pages_[page].guarded = whole.guarded;
    pages_[page].identity = whole.identity;
    pages_[page].fork_child = whole.fork_child;
  }
}

/// 4: a new range in a hole.
void Reference::place(Pages part, Page like, Source source) {
  like.mapped = true;
  for (unsigned page = part.first; page < part.upto; ++page) {
    pages_[page] = like;
    pages_[page].begins = page == part.first;
    ++like.offset;
  }
  join(part, true, true, source);
}

/// 5 and 8: a part of one area is made other, joins at those of its edges that are the area's, and
/// is cut off at the others.
template <class Make>
void Reference::change(Pages part, Make make) {
  const bool has_front = pages_[part.first].begins;
  const bool has_rear = !mapped(part.upto) || pages_[part.upto].begins;
  for (unsigned page = part.first; page < part.upto; ++page) make(pages_[page]);
  pages_[part.first].begins = true;
  if (!has_rear) pages_[part.upto].begins = true;
  join(part, has_front, has_rear, Source::judged);
}

Answer Reference::take(const Call& call) {
  switch (call.verb) {
    case Verb::map:
    case Verb::map_readable:
    case Verb::map_file:
    case Verb::map_file_shared:
    case Verb::map_other_file:
      return map(call);
    case Verb::unmap:
      return unmap(call.at);
    case Verb::protect_readable:
      return protect(call.at, false);
    case Verb::protect_writable:
      return protect(call.at, true);
    case Verb::write:
      return write(call.at.first);
    case Verb::move:
    case Verb::keep:
    case Verb::duplicate:
      return move(call);
    case Verb::grow:
      return grow(call.at, call.to);
    case Verb::dont_fork:
    case Verb::do_fork:
    case Verb::guard:
      return advise(call.at, call.verb);
    case Verb::lock:
    case Verb::lock_on_fault:
    case Verb::unlock:
      return lock(call.at, call.verb);
    case Verb::seal:
      return seal(call.at);
    case Verb::bind:
      return bind(call.at);
    case Verb::fork:
      fork();
      return Answer::done;
    case Verb::count:
      break;
  }
  return Answer::invalid;
}

/// 12.
Answer Reference::map(const Call& call) {
  if (const Answer gone = unmap(call.at); gone != Answer::done) return gone;
  Page like;
  if (call.verb == Verb::map_file || call.verb == Verb::map_file_shared) like.file = 1;
  if (call.verb == Verb::map_other_file) like.file = 2;
  like.shared = call.verb == Verb::map_file_shared;
  like.writable = call.verb != Verb::map_readable;
  like.account = like.writable && !like.shared;
  like.offset = call.at.first + (like.file != 0 ? 0 : base_page);
  place(call.at, like, Source::judged);
  return Answer::done;
}

/// 11: cuts before it looks at what lies further up, and a seal found there leaves the cut.
Answer Reference::unmap(Pages range) {
  for (unsigned page = range.first; page < range.upto;
       page = mapped(page) ? end_of(page) : page + 1) {
    if (!mapped(page)) continue;
    if (pages_[page].sealed) return Answer::not_permitted;
    pages_[page].begins = true;
    if (end_of(page) > range.upto) pages_[range.upto].begins = true;
  }
  for (unsigned page = range.first; page < range.upto; ++page) pages_[page] = Page{};
  return Answer::done;
}

/// 29, mprotect; earlier areas keep the change.
Answer Reference::protect(Pages range, bool writable) {
  for (unsigned page = range.first; page < range.upto;) {
    if (!mapped(page)) return Answer::no_memory;
    const Page was = pages_[page];
    const Pages part{page, std::min(end_of(page), range.upto)};
    if (was.sealed) return Answer::not_permitted;
    page = part.upto;
    if (was.writable == writable) continue;
    const bool stays_accounted = was.account && (was.file != 0 || was.identity != 0);
    change(part, [&](Page& each) {
      each.writable = writable;
      each.account = writable ? !was.shared : stays_accounted;
    });
    if (writable && was.locked) populate(part);
  }
  return Answer::done;
}

Answer Reference::write(unsigned page) {
  if (!mapped(page) || !pages_[page].writable) return Answer::fault;
  touch(page);
  return Answer::done;
}

/// 19.1: the identity of the area above or below if the two may be one some day, else a new one.
void Reference::touch(unsigned page) {
  if (pages_[page].shared || pages_[page].identity != 0) return;
  const Pages area{begin_of(page), end_of(page)};
  const auto reusable = [&](unsigned low, unsigned neighbour) {
    Page a = pages_[low];
    Page b = pages_[low + 1];
    a.writable = b.writable;
    return equal_but_identity(a, b) && pages_[neighbour].identity != 0 &&
           !pages_[neighbour].fork_child;
  };
  int identity = 0;
  if (area.first > 0 && mapped(area.first - 1) && reusable(area.first - 1, area.first - 1)) {
    identity = pages_[area.first - 1].identity;
  }
  if (mapped(area.upto) && reusable(area.upto - 1, area.upto)) {
    identity = pages_[area.upto].identity;
  }
  if (identity == 0) identity = ++last_identity_;
  for (unsigned each = area.first; each < area.upto; ++each) pages_[each].identity = identity;
}

/// Locked memory that may be written gets its pages.
void Reference::populate(Pages range) {
  for (unsigned page = range.first; page < range.upto; ++page) {
    if (pages_[page].locked && !pages_[page].on_fault && pages_[page].writable) touch(page);
  }
}

/// 14: a fixed place.
Answer Reference::move(const Call& call) {
  const Pages from = call.at;
  if (!mapped(from.first)) return Answer::fault;
  if (from.count() == call.to.count()) {
    return move_areas(from, call.to.first, call.verb == Verb::keep);
  }
  const Page source = pages_[from.first];
  if (source.sealed) return Answer::not_permitted;
  if (from.count() == 0 && !source.shared) return Answer::invalid;
  const unsigned moved = std::min(from.count(), call.to.count());
  if (from.first + moved > end_of(from.first)) return Answer::fault;
  if (const Answer gone = unmap(call.to); gone != Answer::done) return gone;
  if (from.count() > moved) {
    if (const Answer cut = unmap({from.first + moved, from.upto}); cut != Answer::done) return cut;
  }
  move_part({from.first, from.first + moved}, call.to, false);
  return Answer::done;
}

/// 14.5: one area after the other; over holes the destination keeps what it has.
Answer Reference::move_areas(Pages from, unsigned to, bool keeps) {
  for (unsigned page = from.first; page < from.upto;) {
    if (!mapped(page)) {
      ++page;
      continue;
    }
    const Pages part{page, std::min(end_of(page), from.upto)};
    const Pages there{to + (part.first - from.first), to + (part.upto - from.first)};
    if (pages_[page].sealed) return Answer::not_permitted;
    if (const Answer gone = unmap(there); gone != Answer::done) return gone;
    move_part(part, there, keeps);
    page = part.upto;
  }
  return Answer::done;
}

/// 13.2 and 14.4: the copy joins as a new range does, judged by its source; then the source goes,
/// or stays untouched and unlocked.
void Reference::move_part(Pages from, Pages to, bool keeps) {
  Page copy = pages_[from.first];
  if (copy.private_anonymous() && copy.identity == 0) copy.offset = base_page + to.first;
  place(to, copy, Source::judged);
  if (keeps) {
    const Pages area{begin_of(from.first), end_of(from.first)};
    const bool is_whole = area.first == from.first && area.upto == from.upto;
    for (unsigned page = area.first; page < area.upto; ++page) {
      pages_[page].locked = pages_[page].on_fault = false;
      if (!is_whole) continue;
      pages_[page].identity = 0;
      pages_[page].fork_child = false;
    }
  } else {
    (void)unmap(from);
  }
  populate({to.first + from.count(), to.upto});
}

/// 13.1: the new part is like the area, and nothing is asked about whose child that is.
Answer Reference::grow(Pages from, Pages to) {
  if (!mapped(from.first)) return Answer::fault;
  if (pages_[from.first].sealed) return Answer::not_permitted;
  if (from.upto > end_of(from.first)) return Answer::fault;
  if (mapped(from.upto)) return Answer::no_memory;
  Page like = pages_[from.upto - 1];
  ++like.offset;
  place({from.upto, to.upto}, like, Source::not_judged);
  populate({from.upto, to.upto});
  return Answer::done;
}

/// 29, madvise: goes on behind holes, and tells of them at the end.
Answer Reference::advise(Pages range, Verb verb) {
  const bool passed_hole = has_hole(range);
  for (unsigned page = range.first; page < range.upto;) {
    if (!mapped(page)) {
      ++page;
      continue;
    }
    const Page was = pages_[page];
    const Pages part{page, std::min(end_of(page), range.upto)};
    page = part.upto;
    const bool discards = verb != Verb::do_fork;
    if (discards && was.sealed && was.private_anonymous() && !was.writable) {
      return Answer::not_permitted;
    }
    if (verb == Verb::guard) {
      if (const Answer wrong = guard(part); wrong != Answer::done) return wrong;
      continue;
    }
    const bool wanted = verb == Verb::dont_fork;
    if (was.dont_copy == wanted) continue;
    change(part, [&](Page& each) { each.dont_copy = wanted; });
  }
  return passed_hole ? Answer::no_memory : Answer::done;
}

/// Marks the whole area, cuts nothing.
Answer Reference::guard(Pages area_part) {
  const Page was = pages_[area_part.first];
  if (was.locked) return Answer::invalid;
  if (was.private_anonymous()) touch(area_part.first);
  const Pages area{begin_of(area_part.first), end_of(area_part.first)};
  for (unsigned page = area.first; page < area.upto; ++page) pages_[page].guarded = true;
  return Answer::done;
}

/// 29, mlock: what lies before a hole is changed, and nothing is populated then.
Answer Reference::lock(Pages range, Verb verb) {
  const bool locked = verb != Verb::unlock;
  const bool on_fault = verb == Verb::lock_on_fault;
  for (unsigned page = range.first; page < range.upto;) {
    if (!mapped(page)) return Answer::no_memory;
    const Page was = pages_[page];
    const Pages part{page, std::min(end_of(page), range.upto)};
    page = part.upto;
    if (was.locked == locked && was.on_fault == on_fault) continue;
    change(part, [&](Page& each) {
      each.locked = locked;
      each.on_fault = on_fault;
    });
  }
  if (verb == Verb::lock) populate(range);
  return Answer::done;
}

/// 24.
Answer Reference::seal(Pages range) {
  if (has_hole(range)) return Answer::no_memory;
  for (unsigned page = range.first; page < range.upto;) {
    const Pages part{page, std::min(end_of(page), range.upto)};
    page = part.upto;
    if (!pages_[part.first].sealed) change(part, [](Page& each) { each.sealed = true; });
  }
  return Answer::done;
}

/// 29, mbind.
Answer Reference::bind(Pages range) {
  if (has_hole(range)) return Answer::fault;
  for (unsigned page = range.first; page < range.upto;) {
    const Pages part{page, std::min(end_of(page), range.upto)};
    page = part.upto;
    if (!pages_[part.first].bound) change(part, [](Page& each) { each.bound = true; });
  }
  return Answer::done;
}

/// 25: what is touched gets an identity of its own, area by area, that descends from the parent's.
void Reference::fork() {
  for (unsigned page = 0; page < page_count; ++page) {
    Page& each = pages_[page];
    if (each.dont_copy) each = Page{};
    each.locked = each.on_fault = false;
    if (each.identity == 0) continue;
    each.identity = each.begins ? ++last_identity_ : pages_[page - 1].identity;
    each.fork_child = true;
  }
}

Picture with_identities_in_order(Picture picture) {
  std::map<int, int> order{{0, 0}};
  for (Page& page : picture) {
    page.identity = order.emplace(page.identity, static_cast<int>(order.size())).first->second;
  }
  return picture;
}

std::string text_of(const Picture& picture) {
  std::string text;
  for (unsigned number = 0; number < page_count; ++number) {
    const Page& page = picture[number];
    if (!page.mapped) continue;
    text +=
        fmt::format("  {} {}{}{} file {} offset {}", number, page.begins ? "[" : " ",
                    page.writable ? "rw" : "r-", page.shared ? "s" : "p", page.file, page.offset);
    if (page.identity != 0) {
      text += fmt::format(" id {}{}", page.identity, page.fork_child ? " of a fork child" : "");
    }
    if (page.account) text += " account";
    if (page.dont_copy) text += " dont_copy";
    if (page.locked) text += page.on_fault ? " lock_on_fault" : " locked";
    if (page.guarded) text += " guarded";
    if (page.sealed) text += " sealed";
    if (page.bound) text += " bound";
    text += '\n';
  }
  return text.empty() ? "  nothing\n" : text;
}

}  // namespace vmarea::small_scope
