// SPDX-License-Identifier: MIT
#include "fuzz/any_land.hpp"
#include "fuzz/lands/lands.hpp"

namespace vmarea::test::fuzz {

std::unique_ptr<Land> make_plain(const Scene& scene) {
  return make_land<Variant{}>(scene);
}

}  // namespace vmarea::test::fuzz
