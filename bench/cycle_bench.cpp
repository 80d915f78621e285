// SPDX-License-Identifier: MIT
//
// How long does a change take together with the one that takes it back? Ours are public calls with
// all that they mean; the map only moves numbers, with one lookup for each of the two steps.
//
//   protect        [wwwwwwww) -> [ww)[rr)[ww) -> [wwwwwwww)      two splits, two merges
//   unmap middle   [wwwwwwww) -> [ww)    [ww) -> [wwwwwwww)
//   unmap whole    [wwwwwwww) ->              -> [wwwwwwww)      the map: erase and insert
//
// What our tree and the heap take of it, without a plan and without a meaning, is asked as well:
// no rule can make a call faster than that.
#include <optional>

#include <vmarea_shims/maple_tree.hpp>
#include <vmarea_shims/memory.hpp>

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

/// As StdMap, with the tree that our areas stand in.
class TreeAlone {
 public:
  ~TreeAlone() {
    for (auto at = tree_.seek(0); at.entry(); at.next()) delete at.entry().value;
  }
  void insert(const Place& place) { write(place.start, place.end, new PeerArea(peer_area(place))); }
  void split(std::uint64_t start, std::uint64_t end, std::uint64_t flags) {
    PeerArea* const whole = tree_.find(start).value;
    auto* const middle = new PeerArea(*whole);
    auto* const rest = new PeerArea(*whole);
    const std::uint64_t from = whole->start, upto = whole->end;
    whole->end = middle->start = start;
    middle->end = rest->start = end;
    middle->flags = flags;
    const Tree::Entry pieces[] = {entry(whole), entry(middle), entry(rest)};
    write(from, upto, pieces, 3);
  }
  void merge(std::uint64_t start, std::uint64_t flags) {
    const auto cursor = tree_.seek(start);
    PeerArea* const middle = cursor.entry().value;
    PeerArea* const below = cursor.before().value;
    PeerArea* const above = tree_.find(middle->end).value;
    demand(below->flags == flags && above->flags == flags, "no merge");
    below->end = above->end;
    write(below->start, below->end, below);
    delete middle;
    delete above;
  }
  void replace(std::uint64_t start) {
    PeerArea* const area = tree_.find(start).value;
    auto* const copy = new PeerArea(*area);
    write(area->start, area->end, nullptr, 0);
    delete area;
    write(copy->start, copy->end, copy);
  }
  std::size_t size() const { return tree_.size(); }

 private:
  using Tree = shims::MapleTree<PeerArea, shims::HeapMemory>;

  static Tree::Entry entry(PeerArea* area) { return {area->start, area->end - 1, area}; }
  void write(std::uint64_t start, std::uint64_t end, PeerArea* area) {
    const Tree::Entry piece = entry(area);
    write(start, end, &piece, 1);
  }
  void write(std::uint64_t start, std::uint64_t end, const Tree::Entry* pieces, std::size_t count) {
    demand(tree_.reserve(tree_.nodes_needed(start, end - 1, count)), "out of memory");
    tree_.replace(start, end - 1, pieces, count);
    tree_.unreserve();
  }

  Tree tree_;
};

/// What only moves numbers: a map, a set, or the tree alone.
template <class Numbers>
void add_numbers(std::vector<Runner>& all, const std::string& name, Numbers& numbers,
                 const std::vector<Place>& order) {
  all.push_back(cycle(name + ", split and merge", order, [&numbers](const Place&, Address at) {
    numbers.split(at, at + part_bytes, prot::read.bits());
    numbers.merge(at, read_write.bits());
  }));
  all.push_back(cycle(name + ", erase and insert", order,
                      [&numbers](const Place& place, Address) { numbers.replace(place.start); }));
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
  for (std::size_t i = first; i < all.size(); ++i) {
    all[i].batch_divisor = 16;
    all[i].lap = Lap::apart;
  }
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
  TreeAlone tree;
#ifdef VMAREA_BENCH_BOOST
  BoostIntrusiveSet set;
#endif
  for (const Place& place : layout.places) {
    map.insert(place);
    tree.insert(place);
#ifdef VMAREA_BENCH_BOOST
    set.insert(place);
#endif
  }
  const Kernel kernel(layout);
  std::vector<Place> order;
  for (const std::uint32_t i : random_order(layout, true)) order.push_back(layout.places[i]);
  check_cycle(ours, map, order.front());

  std::vector<Runner> all;
  add_ours(all, ours, order);
  add_numbers(all, StdMap::name, map, order);
  add_numbers(all, "tree alone", tree, order);
#ifdef VMAREA_BENCH_BOOST
  add_numbers(all, BoostIntrusiveSet::name, set, order);
#endif
  if (kernel.present()) add_kernel(all, order);
  race(state, layout.subject("cycle"), 4096, all);
  const std::size_t areas = layout.places.size();
  demand(ours.area_count() == areas && map.size() == areas && tree.size() == areas,
         "areas were left split");
#ifdef VMAREA_BENCH_BOOST
  demand(set.size() == areas, "the set's areas were left split");
#endif
  demand(!check(ours.state()), "an invariant is broken");
}

[[maybe_unused]] const bool asked = ask({"cycle", every_layout, Scale::millions, cycles});

}  // namespace
}  // namespace vmarea::bench
