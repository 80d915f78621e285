// SPDX-License-Identifier: MIT
//
// A host whose own data cannot be joined without fail: commit joins it.
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

namespace {

struct Host : vmarea::shims::UserlandOf<Host> {
  struct AreaData {
    std::uint64_t bytes = 0;
  };
  static constexpr bool has_data_rules = true;
  static bool may_join(const AreaData&, const AreaData&) noexcept { return true; }
  static AreaData split_data(AreaData&, const vmarea::DataCut&) noexcept { return {}; }
#ifdef VMAREA_MUST_NOT_COMPILE
  static void join_data(AreaData&, AreaData&, const vmarea::DataSeam&) {}
#else
  static void join_data(AreaData&, AreaData&, const vmarea::DataSeam&) noexcept {}
#endif
};

}  // namespace

void use(vmarea::AddressSpace<Host>& space) {
  space.clear();
}
