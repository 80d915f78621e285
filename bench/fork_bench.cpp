// SPDX-License-Identifier: MIT
//
// How long does fork take, for each area? The end of the child is not timed. The map is copied.
#include <optional>

#include "support/peers.hpp"
#include "support/questions.hpp"

namespace vmarea::bench {
namespace {

void fork(benchmark::State& state, const Layout& layout) {
  const double areas = static_cast<double>(layout.places.size());
  Space parent;
  populate(parent, layout);
  StdMap map;
  for (const Place& place : layout.places) map.insert(place);
  std::optional<Space> child;
  std::optional<StdMap> copy;
  const auto ours = [&](std::size_t, std::size_t) {
    demand(static_cast<bool>(parent.fork_into(*child)), "fork was refused");
  };
  const auto maps = [&](std::size_t, std::size_t) { copy.emplace(map); };
  race(state, layout.subject("fork"), 1,
       {{"ours", ours, [&] { child.emplace(); }, areas},
        {StdMap::name, maps, [&] { copy.reset(); }, areas}});
  demand(child->area_count() == parent.area_count(), "the child lacks areas");
}

[[maybe_unused]] const bool asked = ask({"fork", {"holes", "touching"}, Scale::any, fork, 25});

}  // namespace
}  // namespace vmarea::bench
