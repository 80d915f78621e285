// SPDX-License-Identifier: MIT
//
// Counts anew what the reverse map and the page tables keep, over all spaces of one host, and
// compares (rules 28; the numbers are those of check.hpp, continued).
//
//   20. an area has links exactly if it has an identity, and is a fork child exactly if it has more
//       or less than one link; its identity is one of its chain
//   21. all identities of a chain have one root, none is there twice, and with each its parent
//   22. each link lies in its identity's tree under the area's pages; the tree holds nothing else
//   23. active areas, links and children of each identity are as many as are found
//   24. a file's area lies in the tree of its mapping, once; the writable count is right
//   25. every page lies in an area; no token is mapped twice in one space
//   26. a page that was protected is protected as its area says
//   27. every page table has an area; no spare table is left between calls
#pragma once

#include <string>
#include <vector>

#include "support/test_services.hpp"

namespace vmarea::test {

using TestSpaces = std::vector<const SpaceState<TestServices>*>;

/// The first thing that is wrong, as its number and a sentence; empty if nothing is. `spaces`: all
/// spaces that share identities and files.
std::string what_is_wrong_in_reverse_map(const TestSpaces& spaces);
std::string what_is_wrong_in_pages(const SpaceState<TestServices>& space);

}  // namespace vmarea::test
