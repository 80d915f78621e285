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

void build(benchmark::State& state, const Layout& layout) {
  std::optional<Space> space;
  std::vector<Runner> all = {{"ours", [&](std::size_t, std::size_t) { populate(*space, layout); },
                              [&] { space.emplace(); }, static_cast<double>(layout.places.size())},
                             builder<StdMap>(layout)};
#ifdef VMAREA_BENCH_ABSL
  all.push_back(builder<AbslBtree>(layout));
#endif
#ifdef VMAREA_BENCH_ICL
  all.push_back(builder<BoostIcl>(layout));
#endif
#ifdef VMAREA_BENCH_LLVM
  all.push_back(builder<LlvmIntervalMap>(layout));
#endif
  race(state, layout.subject("build"), 1, all);
}

[[maybe_unused]] const bool asked = ask({"build", {"holes", "touching"}, Scale::any, build, 15});

}  // namespace
}  // namespace vmarea::bench
