// SPDX-License-Identifier: MIT
//
// The end of an area that nothing can reach any more.
#pragma once

#include "vmarea/space/space_state.hpp"

namespace vmarea {

/// Ends an area that is in no tree and no reverse map: close hook, references, memory.
template <class Host>
void destroy_area(SpaceState<Host>& space, Area<Host>& area, Event event,
                  const Area<Host>* heir) noexcept {
  if constexpr (Host::has_notices) {
    space.services.notify(
        Notice<Host>{.event = event, .area = area, .partner = heir, .before = area.range()});
  }
  if (area.has_close()) area.hooks->close(area);
  if (area.file != typename Host::FileHandle{}) space.services.release_file(area.file);
  if (area.attributes != nullptr) space.services.release_attributes(area.attributes);
  area.~Area<Host>();
  space.services.retire_area(&area, sizeof(Area<Host>), alignof(Area<Host>));
}

}  // namespace vmarea
