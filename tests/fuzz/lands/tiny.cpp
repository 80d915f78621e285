// SPDX-License-Identifier: MIT
#include "fuzz/any_land.hpp"
#include "fuzz/lands/lands.hpp"

namespace vmarea::test::fuzz {

std::unique_ptr<Land> make_tiny(const Scene& scene) {
  return make_land<Variant{.capacity = 4, .memory = Memory::pools, .groups = Groups::none}>(scene);
}

}  // namespace vmarea::test::fuzz
