// SPDX-License-Identifier: MIT
//
// A notice in a line:
//
//   resized 7000-9000 rw-p 7 anonymous ac; before 7000-b000
//   split 9000-b000 rw-p 9 anonymous ac; partner 7000-9000
#pragma once

#include "vmarea/host/notice.hpp"
#include "vmarea/text/area.hpp"
#include "vmarea/text/names.hpp"

namespace vmarea {

template <class Host>
constexpr void write_text(TextWriter& to, const Notice<Host>& notice) noexcept {
  to.add(name(notice.event)).add(' ');
  write_text(to, notice.area);
  if (notice.partner != nullptr) write_text(to.add("; partner "), notice.partner->range());
  if (!notice.before.empty()) write_text(to.add("; before "), notice.before);
}

}  // namespace vmarea
