// SPDX-License-Identifier: MIT
#include "fuzz/any_land.hpp"
#include "fuzz/lands/lands.hpp"

namespace vmarea::test::fuzz {

std::unique_ptr<Land> make_wide(const Scene& scene) {
  return make_land<Variant{.mode = shims::WriteMode::published,
                           .memory = Memory::pools,
                           .groups = Groups::none,
                           .own_data = OwnData::over_aligned}>(scene);
}

}  // namespace vmarea::test::fuzz
