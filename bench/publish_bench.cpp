// SPDX-License-Identifier: MIT
//
// What does it cost that readers need no lock? The same writes on two trees, one that changes its
// nodes in place, one that copies and publishes them. An entry is split in three and made whole.
#include <vmarea_shims/maple_tree.hpp>

#include "support/questions.hpp"

namespace vmarea::bench {
namespace {

template <shims::WriteMode mode>
class Tree {
 public:
  explicit Tree(const Layout& layout) {
    for (const Place& place : layout.places) {
      demand(tree_.assign(place.start, place.end - 1, &value_), "no memory");
    }
  }
  void cycle(const Place& place) {
    const Address a = place.start + 4 * page, b = a + 4 * page;
    write(place, {{place.start, a - 1, &value_}, {a, b - 1, &value_}, {b, place.end - 1, &value_}});
    write(place, {{place.start, place.end - 1, &value_}});
  }
  std::size_t size() const { return tree_.size(); }

 private:
  void write(const Place& place, std::initializer_list<TreeEntry<char>> entries) {
    const TreeKey last = place.end - 1;
    demand(tree_.reserve(tree_.nodes_needed(place.start, last, entries.size())), "no memory");
    tree_.replace(place.start, last, entries.begin(), entries.size());
    tree_.unreserve();
  }
  char value_ = 0;
  shims::MapleTree<char, shims::HeapMemory, shims::MapleTreeOptions{.mode = mode, .spares = 8}>
      tree_;
};

template <shims::WriteMode mode>
Runner writer(std::string name, Tree<mode>& tree, const std::vector<Place>& order) {
  return {std::move(name), [&](std::size_t first, std::size_t count) {
            for (std::size_t i = 0; i < count; ++i) tree.cycle(order[(first + i) % order.size()]);
          }};
}

void publish(benchmark::State& state, const Layout& layout) {
  Tree<shims::WriteMode::in_place> in_place(layout);
  Tree<shims::WriteMode::published> published(layout);
  std::vector<Place> order;
  for (const std::uint32_t i : random_order(layout, true)) order.push_back(layout.places[i]);
  race(state, layout.subject("publish"), 512,
       {writer("published", published, order), writer("in place", in_place, order)});
  demand(in_place.size() == layout.places.size() && published.size() == layout.places.size(),
         "entries were left split");
}

[[maybe_unused]] const bool asked =
    ask({"publish", {"holes", "touching"}, Scale::millions, publish});

}  // namespace
}  // namespace vmarea::bench
