// SPDX-License-Identifier: MIT
#include <vmarea/string.hpp>

int main() {
  const std::string said = to_string(vmarea::Result<vmarea::Address>(vmarea::Error::exists));
  return said == "EEXIST (exists already, or something is mapped there)" ? 0 : 1;
}
