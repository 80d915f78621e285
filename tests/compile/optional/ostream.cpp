// SPDX-License-Identifier: MIT
#include <sstream>

#include <vmarea/ostream.hpp>

int main() {
  std::ostringstream said;
  said << vmarea::Range{0x1000, 0x3000} << ' ' << vmarea::prot::read << ' ' << vmarea::Advice::free;
  return said.str() == "1000-3000 r-- free" ? 0 : 1;
}
