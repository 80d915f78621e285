// SPDX-License-Identifier: MIT
//
// How long does it take to go over all areas in order and read one field of each? The times are for
// one area.
#include <cstdint>

#include "support/peers.hpp"
#include "support/questions.hpp"

namespace vmarea::bench {
namespace {

template <class Peer>
Runner iterator(std::string name, const Peer& peer, std::size_t areas) {
  return {std::move(name),
          [&peer](std::size_t, std::size_t count) {
            for (std::size_t i = 0; i < count; ++i) {
              std::uint64_t sum = 0;
              peer.for_each([&](const auto& area) { sum += area.end; });
              consume(sum);
            }
          },
          [] {}, static_cast<double>(areas)};
}

struct Ours : Space {
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const auto& area : areas()) visit(area);
  }
};

void iterate(benchmark::State& state, const Layout& layout) {
  const std::size_t areas = layout.places.size();
  Ours ours;
  populate(ours, layout);
  Peers peers;
  fill(peers, layout);
  StdMap map_random;
  for (const std::uint32_t i : shuffled(areas)) map_random.insert(layout.places[i]);
  std::vector<Runner> all = {iterator("ours", ours, areas)};
  for_each_peer(peers, [&](const auto& peer) { all.push_back(iterator(peer.name, peer, areas)); });
  all.push_back(iterator("std::map, random order", map_random, areas));
  const std::size_t batch = areas < 10'000 ? 50 : areas < 100'000 ? 4 : 1;
  race(state, layout.subject("iterate"), batch, all);
}

[[maybe_unused]] const bool asked = ask({"iterate", every_layout, Scale::millions, iterate});

}  // namespace
}  // namespace vmarea::bench
