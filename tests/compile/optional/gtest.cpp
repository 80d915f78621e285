// SPDX-License-Identifier: MIT
#include <vmarea/gtest.hpp>

int main() {
  const vmarea::Result<void> refused = vmarea::Error::invalid;
  const std::string said = vmarea::ok(refused).message();
  const bool printed = testing::PrintToString(refused) == said;
  return printed && said == "EINVAL (invalid argument)" ? 0 : 1;
}
