// SPDX-License-Identifier: MIT
//
// Own data of a host that cannot be copied without fail: commit copies it.
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

namespace {

struct Data {
  Data() noexcept = default;
#ifdef VMAREA_MUST_NOT_COMPILE
  Data& operator=(const Data&) noexcept(false) {
    return *this;
  }
#endif
};

struct Host : vmarea::shims::UserlandOf<Host> {
  using AreaData = Data;
};

}  // namespace

void use(vmarea::AddressSpace<Host>& space) {
  space.clear();
}
