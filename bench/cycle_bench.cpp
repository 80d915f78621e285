// SPDX-License-Identifier: MIT
//
// How long does a change take together with the one that takes it back? Ours are public calls with
// all that they mean; the map only moves numbers, with one lookup for each of the two steps.
//
//   protect        [wwwwwwww) -> [ww)[rr)[ww) -> [wwwwwwww)      two splits, two merges
//   unmap middle   [wwwwwwww) -> [ww)    [ww) -> [wwwwwwww)
//   unmap whole    [wwwwwwww) ->              -> [wwwwwwww)      the map: erase and insert
#include <optional>

#include "support/kernel.hpp"
#include "support/peers.hpp"
#include "support/questions.hpp"

namespace vmarea::bench {
namespace {

constexpr std::uint64_t part_bytes = 4 * page;
constexpr MapFlags fixed = map::private_ | map::anonymous | map::fixed;

/// Something to do to one place, in a random order of places.
template <class Do>
Runner cycle(std::string name, const std::vector<Place>& order, Do act) {
  return {std::move(name), [&order, act](std::size_t first, std::size_t count) {
            for (std::size_t i = 0; i < count; ++i) {
              const Place& place = order[(first + i) % order.size()];
              act(place, place.start + part_bytes);
            }
          }};
}

void must(bool done) {
  demand(done, "refused");
}

void add_ours(std::vector<Runner>& all, Space& ours, const std::vector<Place>& order) {
  all.push_back(cycle("ours, protect", order, [&ours](const Place&, Address at) {
    must(static_cast<bool>(ours.mprotect(at, part_bytes, prot::read)));
    must(static_cast<bool>(ours.mprotect(at, part_bytes, read_write)));
  }));
  const auto map_again = [&ours](Address at, std::uint64_t length) {
    must(static_cast<bool>(
        ours.mmap({.address = at, .length = length, .protection = read_write, .flags = fixed})));
  };
  all.push_back(cycle("ours, unmap middle", order, [&ours, map_again](const Place&, Address at) {
    must(static_cast<bool>(ours.munmap(at, part_bytes)));
    map_again(at, part_bytes);
  }));
  all.push_back(cycle("ours, unmap whole", order, [&ours, map_again](const Place& place, Address) {
    must(static_cast<bool>(ours.munmap(place.start, place.end - place.start)));
    map_again(place.start, place.end - place.start);
  }));
}

void add_map(std::vector<Runner>& all, StdMap& map, const std::vector<Place>& order) {
  all.push_back(cycle("std::map, split and merge", order, [&map](const Place&, Address at) {
    map.split(at, at + part_bytes, prot::read.bits());
    map.merge(at, read_write.bits());
  }));
  all.push_back(cycle("std::map, erase and insert", order,
                      [&map](const Place& place, Address) { map.replace(place.start); }));
}

void add_kernel(std::vector<Runner>& all, const std::vector<Place>& order) {
  const std::size_t first = all.size();
  all.push_back(cycle("kernel, protect", order, [](const Place&, Address at) {
    Kernel::protect(at, part_bytes, prot::read);
    Kernel::protect(at, part_bytes, read_write);
  }));
  all.push_back(cycle("kernel, unmap middle", order, [](const Place&, Address at) {
    Kernel::unmap(at, part_bytes);
    Kernel::map(at, part_bytes, read_write);
  }));
  all.push_back(cycle("kernel, unmap whole", order, [](const Place& place, Address) {
    Kernel::unmap(place.start, place.end - place.start);
    Kernel::map(place.start, place.end - place.start, read_write);
  }));
  for (std::size_t i = first; i < all.size(); ++i) all[i].batch_divisor = 16;
}

/// The splits and merges that are timed do happen.
void check_cycle(Space& ours, StdMap& map, const Place& place) {
  const std::uint64_t areas = ours.area_count();
  const Address at = place.start + part_bytes;
  must(static_cast<bool>(ours.mprotect(at, part_bytes, prot::read)));
  map.split(at, at + part_bytes, prot::read.bits());
  demand(ours.area_count() == areas + 2 && map.size() == areas + 2, "no split");
  must(static_cast<bool>(ours.mprotect(at, part_bytes, read_write)));
  map.merge(at, read_write.bits());
  demand(ours.area_count() == areas && map.size() == areas, "no merge");
}

void cycles(benchmark::State& state, const Layout& layout) {
  Space ours;
  populate(ours, layout);
  StdMap map;
  for (const Place& place : layout.places) map.insert(place);
  const Kernel kernel(layout);
  std::vector<Place> order;
  for (const std::uint32_t i : random_order(layout, true)) order.push_back(layout.places[i]);
  check_cycle(ours, map, order.front());

  std::vector<Runner> all;
  add_ours(all, ours, order);
  add_map(all, map, order);
  if (kernel.present()) add_kernel(all, order);
  race(state, layout.subject("cycle"), 4096, all);
  demand(ours.area_count() == layout.places.size() && map.size() == layout.places.size(),
         "areas were left split");
  demand(!check(ours.state()), "an invariant is broken");
}

[[maybe_unused]] const bool asked = ask({"cycle", every_layout, Scale::millions, cycles});

}  // namespace
}  // namespace vmarea::bench
