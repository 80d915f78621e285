// SPDX-License-Identifier: MIT
//
// How long does it take to find the area of an address, the hole that it lies in, or the area
// above?
//
//   hit, hole, next           what is looked for lies in an area; in a hole; in a hole, next above
//   independent, dependent    the processor may start the next search, or has to wait for this one
//   read                      the area that was found is read, too
#include <memory>

#include "support/questions.hpp"
#include "support/static_tree.hpp"

namespace vmarea::bench {
namespace {

enum class Waits : bool { no, yes };
enum class Reads : bool { no, yes };

/// Searches with `find`, a function from an address to a pointer.
template <Waits waits, Reads reads, class Find>
Runner searcher(std::string name, const std::vector<Address>& keys, Find find) {
  return {std::move(name), [&keys, find](std::size_t first, std::size_t count) {
            std::uint64_t zero = 0;
            std::size_t next = first % keys.size();
            for (std::size_t i = 0; i < count; ++i) {
              const auto* area = find(keys[next] + zero);
              if (++next == keys.size()) next = 0;
              if constexpr (reads == Reads::yes) {
                const std::uint64_t end = area == nullptr ? 0 : area->end;
                if constexpr (waits == Waits::yes) zero = zero_after(end);
                consume(end);
              } else {
                if constexpr (waits == Waits::yes) {
                  zero = zero_after(reinterpret_cast<std::uintptr_t>(area));
                }
                consume(area);
              }
            }
          }};
}

/// All that search, filled with one layout.
struct Contestants {
  explicit Contestants(const Layout& layout) {
    populate(ours, layout);
    fill(peers, layout);
    for (const Place& place : layout.places) limit.insert(place);
    for (const std::uint32_t i : shuffled(layout.places.size())) {
      map_random.insert(layout.places[i]);
    }
    limit.build();
  }

  template <Waits waits, Reads reads>
  std::vector<Runner> searchers(const std::vector<Address>& keys) const {
    std::vector<Runner> all;
    const auto add = [&](std::string name, const auto& peer) {
      all.push_back(searcher<waits, reads>(std::move(name), keys,
                                           [&peer](Address at) { return peer.find(at); }));
    };
    add("ours", ours);
    for_each_peer(peers, [&](const auto& peer) { add(peer.name, peer); });
    add("std::map, random order", map_random);
    add(StaticTree::name, limit);
    return all;
  }

  Space ours;
  Peers peers;
  StdMap map_random;
  StaticTree limit;
};

/// Filled once for all questions about one layout.
const Contestants& filled(const Layout& layout) {
  static std::string name;
  static std::uint64_t areas = 0;
  static std::unique_ptr<Contestants> kept;
  if (!kept || name != layout.name || areas != layout.places.size()) {
    kept.reset();
    kept = std::make_unique<Contestants>(layout);
    name = layout.name;
    areas = layout.places.size();
  }
  return *kept;
}

/// Addresses in areas, all known to be found by everybody.
std::vector<Address> hits(const Layout& layout, const Contestants& all) {
  std::vector<Address> keys;
  for (const std::uint32_t i : random_order(layout)) {
    const Place& place = layout.places[i];
    keys.push_back(place.start + (place.end - place.start) / 2);
    const auto expect = [&](const auto& peer) {
      demand(peer.find(keys.back())->start == place.start, "somebody found the wrong area");
    };
    expect(all.ours);
    expect(all.map_random);
    expect(all.limit);
    for_each_peer(all.peers, expect);
  }
  return keys;
}

/// Addresses in holes.
std::vector<Address> misses(const Layout& layout, const Contestants& all) {
  std::vector<Address> keys;
  for (const std::uint32_t i : random_order(layout)) {
    if (i + 1 == layout.places.size()) continue;
    if (layout.places[i].end == layout.places[i + 1].start) continue;
    keys.push_back(layout.places[i].end);
    demand(all.ours.find(keys.back()) == nullptr, "found an area in a hole");
    demand(all.limit.find(keys.back()) == nullptr, "the limit found an area in a hole");
  }
  return keys;
}

template <Waits waits, Reads reads>
Question hit(std::string name, Scale scale) {
  return {name, every_layout, scale, [name](benchmark::State& state, const Layout& at) {
            const Contestants& all = filled(at);
            const std::vector<Address> keys = hits(at, all);
            race(state, at.subject(name), keys.size(), all.searchers<waits, reads>(keys));
          }};
}

void find_hole(benchmark::State& state, const Layout& layout) {
  const Contestants& all = filled(layout);
  const std::vector<Address> keys = misses(layout, all);
  race(state, layout.subject("find, hole"), keys.size(), all.searchers<Waits::no, Reads::no>(keys));
}

void find_next(benchmark::State& state, const Layout& layout) {
  const Contestants& all = filled(layout);
  const std::vector<Address> keys = misses(layout, all);
  const auto next = [&](Address at) { return all.ours.find_at_or_above(at); };
  race(state, layout.subject("find, next"), keys.size(),
       {searcher<Waits::no, Reads::no>("ours", keys, next)});
}

[[maybe_unused]] const bool asked[] = {
    ask(hit<Waits::no, Reads::no>("find, hit", Scale::millions)),
    ask(hit<Waits::no, Reads::yes>("find, hit, read", Scale::any)),
    ask(hit<Waits::yes, Reads::no>("find, hit, dependent", Scale::millions)),
    ask(hit<Waits::yes, Reads::yes>("find, hit, dependent, read", Scale::any)),
    ask({"find, hole", layouts_with_holes, Scale::any, find_hole}),
    ask({"find, next", layouts_with_holes, Scale::any, find_next}),
};

}  // namespace
}  // namespace vmarea::bench
