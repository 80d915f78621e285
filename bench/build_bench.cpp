// SPDX-License-Identifier: MIT
//
// How long does it take to make all areas from nothing, in order, for each of them? Ours are calls
// of mmap, the others insert.
#include <memory>
#include <optional>

#include "support/peers.hpp"
#include "support/questions.hpp"

namespace vmarea::bench {
namespace {

template <class Peer>
Runner builder(const Layout& layout) {
  const auto peer = std::make_shared<std::optional<Peer>>();
  return {Peer::name,
          [peer, &layout](std::size_t, std::size_t) {
            for (const Place& place : layout.places) (*peer)->insert(place);
          },
          [peer] { peer->emplace(); }, static_cast<double>(layout.places.size())};
}

template <class... Peer>
std::vector<Runner> builders(const Layout& layout, const std::tuple<Peer...>*) {
  return {builder<Peer>(layout)...};
}

void build(benchmark::State& state, const Layout& layout) {
  std::optional<Space> space;
  std::vector<Runner> all = builders(layout, static_cast<const Peers*>(nullptr));
  all.insert(all.begin(), {"ours", [&](std::size_t, std::size_t) { populate(*space, layout); },
                           [&] { space.emplace(); }, static_cast<double>(layout.places.size())});
  race(state, layout.subject("build"), 1, all);
}

[[maybe_unused]] const bool asked = ask({"build", {"holes", "touching"}, Scale::any, build, 15});

}  // namespace
}  // namespace vmarea::bench
