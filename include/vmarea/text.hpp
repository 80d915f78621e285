// SPDX-License-Identifier: MIT
//
// Everything prints, into memory of the caller: freestanding, like the rest of the core.
//
//   std::puts(text(area).c_str());
//   char all[4096];
//   TextWriter to(all, sizeof all);
//   write_text(to, space);                      to.needed() says how long it really is
//
// For streams, strings, fmt and googletest there are headers beside this one.
#pragma once

#include "vmarea/address_space.hpp"
#include "vmarea/text/area.hpp"
#include "vmarea/text/call_names.hpp"
#include "vmarea/text/change.hpp"
#include "vmarea/text/flags.hpp"
#include "vmarea/text/join.hpp"
#include "vmarea/text/names.hpp"
#include "vmarea/text/notice.hpp"
#include "vmarea/text/result.hpp"
#include "vmarea/text/space.hpp"
#include "vmarea/text/step.hpp"
#include "vmarea/text/writer.hpp"

namespace vmarea {

/// All areas, then the totals.
template <KernelServices Host>
void write_text(TextWriter& to, const AddressSpace<Host>& space) noexcept {
  write_text(to, space.state());
}
template <KernelServices Host>
void write_picture(TextWriter& to, const AddressSpace<Host>& space, Range range) noexcept {
  write_picture(to, space.state(), range);
}

}  // namespace vmarea
