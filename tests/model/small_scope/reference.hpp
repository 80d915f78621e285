// SPDX-License-Identifier: MIT
//
// What the calls make of four pages, by the rule book and nothing else: no code of the library is
// used. A page knows what its area is like and whether an area begins with it, so an area is a run
// of pages; joins are tried where the rules try them (4, 5, 13), at the edges of what changes, and
// equal neighbours that no call made equal stay apart.
//
//   pages      0  1  2  3
//   begins     x     x        two areas of two pages
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "model/small_scope/calls.hpp"

namespace vmarea::small_scope {

/// What calls answer, as error numbers.
enum class Answer : int { done = 0, not_permitted = 1, no_memory = 12, fault = 14, invalid = 22 };

/// The page number of page 0, by which untouched private memory counts its offset.
inline constexpr std::int64_t base_page = 0x100;

struct Page {
  bool mapped = false;
  bool begins = false;
  bool writable = false;
  bool shared = false;
  bool account = false;
  bool dont_copy = false;
  bool locked = false;
  bool on_fault = false;
  bool guarded = false;
  bool sealed = false;
  bool bound = false;       // To the first node.
  bool fork_child = false;  // Its identity has more than one link.
  int file = 0;             // 0: anonymous; 1: the file; 2: the same, opened once more.
  int identity = 0;         // 0: untouched.
  std::int64_t offset = 0;  // Of this page.

  bool private_anonymous() const { return file == 0 && !shared; }
  friend bool operator==(const Page&, const Page&) = default;
};

using Picture = std::array<Page, page_count>;

/// Identities by the order in which they appear, so that two sides can be compared.
Picture with_identities_in_order(Picture picture);
/// A line an area.
std::string text_of(const Picture& picture);

class Reference {
 public:
  Answer take(const Call& call);
  const Picture& picture() const { return pages_; }
  /// How often two areas became one.
  unsigned joins() const { return joins_; }

 private:
  enum class Source : unsigned char { judged, not_judged };  // Whether a fork child is refused.

  bool mapped(unsigned page) const { return page < page_count && pages_[page].mapped; }
  unsigned begin_of(unsigned page) const;
  unsigned end_of(unsigned page) const;

  // Joining.
  static bool equal_but_identity(const Page& low, const Page& high);
  static bool identities_fit(const Page& ours, const Page& neighbour, Source source);
  void join(Pages part, bool tries_left, bool tries_right, Source source);
  void place(Pages part, Page like, Source source);
  template <class Make>
  void change(Pages part, Make make);

  // Calls, and what several of them do.
  Answer map(const Call& call);
  Answer unmap(Pages range);
  Answer protect(Pages range, bool writable);
  Answer write(unsigned page);
  Answer move(const Call& call);
  Answer move_areas(Pages from, unsigned to, bool keeps);
  void move_part(Pages from, Pages to, bool keeps);
  Answer grow(Pages from, Pages to);
  Answer advise(Pages range, Verb verb);
  Answer guard(Pages area_part);
  Answer lock(Pages range, Verb verb);
  Answer seal(Pages range);
  Answer bind(Pages range);
  void fork();
  void touch(unsigned page);
  void populate(Pages range);
  bool has_hole(Pages range) const;

  Picture pages_{};
  int last_identity_ = 0;
  unsigned joins_ = 0;
};

}  // namespace vmarea::small_scope
