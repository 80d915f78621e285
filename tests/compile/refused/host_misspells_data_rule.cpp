// SPDX-License-Identifier: MIT
//
// A host that has a say about its own data, and misspells how it is cut.
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

namespace {

struct Host : vmarea::shims::UserlandOf<Host> {
  struct AreaData {
    std::uint64_t bytes = 0;
  };
  static constexpr bool has_data_rules = true;
  static bool may_join(const AreaData&, const AreaData&) noexcept { return true; }
#ifdef VMAREA_MUST_NOT_COMPILE
  static AreaData splitdata(AreaData&, const vmarea::DataCut&) noexcept {
    return {};
  }
#else
  static AreaData split_data(AreaData&, const vmarea::DataCut&) noexcept {
    return {};
  }
#endif
  static void join_data(AreaData&, AreaData&, const vmarea::DataSeam&) noexcept {}
};

}  // namespace

void use(vmarea::AddressSpace<Host>& space) {
  space.clear();
}
