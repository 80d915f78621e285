// SPDX-License-Identifier: MIT
#include "fuzz/any_land.hpp"
#include "fuzz/lands/lands.hpp"

namespace vmarea::test::fuzz {

std::unique_ptr<Land> make_published(const Scene& scene) {
  return make_land<Variant{.capacity = 4, .mode = shims::WriteMode::published}>(scene);
}

}  // namespace vmarea::test::fuzz
