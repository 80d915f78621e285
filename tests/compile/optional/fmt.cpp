// SPDX-License-Identifier: MIT
#include <vmarea/fmt.hpp>

int main() {
  const std::string said =
      fmt::format("[{:>12}] {}", vmarea::Range{0x1000, 0x3000}, vmarea::Error::invalid);
  return said == "[   1000-3000] EINVAL (invalid argument)" ? 0 : 1;
}
