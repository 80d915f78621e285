// SPDX-License-Identifier: MIT
//
// The least a user can do with each part. The language level must come with the target.
#include <cstdio>

#include <vmarea/area_tree.hpp>
#ifdef CONSUMER_HAS_SHIMS
#include <vmarea_shims/maple_tree.hpp>
#endif

int main() {
  int value = 0;
  const vmarea::TreeEntry<int> entry{.first = 1, .last = 2, .value = &value};
  if (!entry) return 1;
  std::puts("consumed");
  return 0;
}
