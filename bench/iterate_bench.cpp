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

template <class Peer>
void fill(Peer& peer, const Layout& layout) {
  for (const Place& place : layout.places) peer.insert(place);
}

void iterate(benchmark::State& state, const Layout& layout) {
  const std::size_t areas = layout.places.size();
  Ours ours;
  populate(ours, layout);
  StdMap map, map_random;
  fill(map, layout);
  for (const std::uint32_t i : shuffled(areas)) map_random.insert(layout.places[i]);
  std::vector<Runner> all = {iterator("ours", ours, areas), iterator(StdMap::name, map, areas),
                             iterator("std::map, random order", map_random, areas)};
#ifdef VMAREA_BENCH_ABSL
  AbslBtree absl;
  fill(absl, layout);
  all.push_back(iterator(AbslBtree::name, absl, areas));
#endif
#ifdef VMAREA_BENCH_ICL
  BoostIcl icl;
  fill(icl, layout);
  all.push_back(iterator(BoostIcl::name, icl, areas));
#endif
#ifdef VMAREA_BENCH_LLVM
  LlvmIntervalMap llvm;
  fill(llvm, layout);
  all.push_back(iterator(LlvmIntervalMap::name, llvm, areas));
#endif
  race(state, layout.subject("iterate"), areas < 10'000 ? 50 : 4, all);
}

[[maybe_unused]] const bool asked = ask({"iterate", every_layout, Scale::any, iterate});

}  // namespace
}  // namespace vmarea::bench
