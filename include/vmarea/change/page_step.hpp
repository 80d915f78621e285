// SPDX-License-Identifier: MIT
//
// What a step does to page tables, where the host has any. Nothing here can fail: reserve took what
// the step needs.
#pragma once

#include "vmarea/plan/step.hpp"

namespace vmarea {

/// Requires: the space lock; everything reserved; a step that concerns pages alone.
template <class Host>
void commit_page_step(SpaceState<Host>& space, const Step<Host>& step) noexcept {
  Host& services = space.services;
  switch (step.kind) {
    case StepKind::move_pages:
      if (!step.range.empty()) services.move_pages(space.pages, step.range, step.to());
      break;
    case StepKind::drop_pages:
      services.unmap_pages(space.pages, step.range);
      break;
    case StepKind::protect_pages:
      services.protect_pages(space.pages, step.range, Flags(step.value));
      break;
    case StepKind::install_page:
      services.install_page(space.pages, step.range.start);
      break;
    case StepKind::free_tables:
      services.free_tables(space.pages, step.range, step.tables_between);
      break;
    default:
      require<Host>(false, "a step that concerns pages alone");
  }
}

}  // namespace vmarea
