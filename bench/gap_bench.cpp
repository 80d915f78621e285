// SPDX-License-Identifier: MIT
//
// How long does it take to find room for a new area?
//
//   easy       the first hole that is tried is large enough
//   deep       no hole between the areas is; only the one at the far end
//   aligned    the same with an alignment of 2 MiB
//
// Nobody else among the measured can be asked.
#include <vmarea/space/gap.hpp>

#include "support/questions.hpp"

namespace vmarea::bench {
namespace {

constexpr std::uint64_t small = page;
constexpr std::uint64_t large = 4096 * page;
constexpr std::uint64_t huge_mask = (std::uint64_t{1} << 21) - 1;

template <class Find>
Runner searcher(std::string name, const Space& space, GapRequest request, Find find) {
  return {std::move(name), [&space, request, find](std::size_t, std::size_t count) {
            for (std::size_t i = 0; i < count; ++i) {
              const Result<Address> at = find(space.state(), request);
              demand(static_cast<bool>(at), "no room");
              consume(*at);
            }
          }};
}

void gap(benchmark::State& state, const Layout& layout) {
  Space space;
  populate(space, layout);
  const Address start = layout.places.front().start;
  const Address above = layout.end() + 2 * large;
  const Address below = start - 2 * large;
  const auto lowest = [](const auto& s, const GapRequest& r) { return find_lowest_fit(s, r); };
  const auto highest = [](const auto& s, const GapRequest& r) { return find_highest_fit(s, r); };
  // The near end lies just inside the areas, so that it is no answer.
  const Address first = start + page, last = layout.end() - page;
  demand(*lowest(space.state(), {large, first, above}) == layout.end(), "not at the far end");
  demand(*highest(space.state(), {large, below, last}) == start - large, "not at the far end");
  std::vector<Runner> all = {
      searcher("deep, lowest", space, {large, first, above}, lowest),
      searcher("deep, highest", space, {large, below, last}, highest),
      searcher("deep, lowest, aligned", space, {large, first, above, huge_mask}, lowest),
      searcher("deep, highest, aligned", space, {large, below, last, huge_mask}, highest)};
  if (layout.name != "touching") {
    all.push_back(searcher("easy, lowest", space, {small, first, above}, lowest));
    all.push_back(searcher("easy, highest", space, {small, below, last}, highest));
  }
  race(state, layout.subject("gap"), 1024, all);
}

[[maybe_unused]] const bool asked = ask({"gap", every_layout, Scale::millions, gap});

}  // namespace
}  // namespace vmarea::bench
