// SPDX-License-Identifier: MIT
//
// A host that says which service it replaces, and misspells it.
#include <vmarea/host/replacing.hpp>
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

namespace {

struct Host : vmarea::Replacing<vmarea::shims::UserlandOf<Host>, vmarea::Service::limits> {
#ifdef VMAREA_MUST_NOT_COMPILE
  static vmarea::Limits limit() noexcept {
    return {};
  }
#else
  static vmarea::Limits limits() noexcept {
    return {};
  }
#endif
};

}  // namespace

void use(vmarea::AddressSpace<Host>& space) {
  space.clear();
}
