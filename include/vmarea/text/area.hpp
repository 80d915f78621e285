// SPDX-License-Identifier: MIT
//
// An area in a line: where it is, what it allows, the page of its object that it starts with, what
// it is, and what else is set.
//
//   7ffff7fef000-7ffff7ff3000 rw-p 7ffff7fef anonymous identity 2 ac
//   7ffff7ff3000-7ffff7ff7000 r--p 0 file 0x55d0c2a0
//   7ffff7ff7000-7ffff7ff8000 r-xp 0 special policy 1 io de
//   7ffff7ff8000-7ffff7ff9000 rw-p 7ffff7ff8 anonymous ac data 07 00 00 00
//
// The letters at the end are those of smaps, without the ones that rwxp already says and without
// mr mw me where all three are set; where not, "no" stands before those that are missing.
#pragma once

#include "vmarea/text/flags.hpp"
#include "vmarea/text/own_data.hpp"
#include "vmarea/types/area.hpp"
#include "vmarea/types/page_totals.hpp"

namespace vmarea {

constexpr void write_text(TextWriter& to, Range range) noexcept {
  to.add_hex(range.start).add('-').add_hex(range.end);
}

constexpr void write_text(TextWriter& to, AnonIdentity identity) noexcept {
  if (!identity) {
    to.add("none");
    return;
  }
  to.add_hex(identity.value());
  if (identity.fork_child()) to.add(" of a fork child");
}

constexpr void write_attributes(Words& words, const Attributes& attributes) noexcept {
  if (attributes.policy != 0) words.next().add("policy ").add_hex(attributes.policy);
  if (attributes.userfault_context != 0) {
    words.next().add("userfaultfd ").add_hex(attributes.userfault_context);
  }
  if (attributes.name != 0) words.next().add("name ").add_hex(attributes.name);
}
constexpr void write_text(TextWriter& to, const Attributes& attributes) noexcept {
  Words words(to);
  write_attributes(words, attributes);
  if (words.empty()) words.next().add("none");
}

template <class Host>
constexpr void write_text(TextWriter& to, const Description<Host>& area) noexcept {
  Words words(to);
  write_text(words.next(), area.range());
  write_text(words.next(), AccessText{area.flags});
  words.next().add_hex(area.page_offset);
  if (area.file != typename Host::FileHandle{}) {
    write_any(words.next().add("file "), area.file);
  } else {
    words.next().add(area.anonymous() ? "anonymous" : "special");
  }
  if (area.identity) write_text(words.next().add("identity "), area.identity);
  if (area.attributes != nullptr) write_attributes(words, *area.attributes);
  const Flags flags = area.flags;
  const bool is_private = !flags.has_any(flag::shared | flag::may_share);
  const Flags said = is_private || flags.has_all(flag::shared | flag::may_share)
                         ? flag::shared | flag::may_share
                         : Flags{};
  write_flags(words, flags.without(flag::access | flag::may_access | said));
  const Flags missing = flag::may_access.without(flags);
  if (missing.empty()) return;
  words.next().add("no");
  write_flags(words, missing);
}

/// The same, and the host's own data.
template <class Host>
constexpr void write_text(TextWriter& to, const Area<Host>& area) noexcept {
  const Description<Host>& description = area;
  write_text(to, description);
  write_own_data(to, area.data);
}

constexpr void write_text(TextWriter& to, const PageTotals& totals) noexcept {
  to.add("total ").add_signed(totals.total).add(" data ").add_signed(totals.data);
  to.add(" exec ").add_signed(totals.exec).add(" stack ").add_signed(totals.stack);
  to.add(" locked ").add_signed(totals.locked);
}

}  // namespace vmarea
