// SPDX-License-Identifier: MIT
//
// A B-tree of inclusive key ranges [first, last] -> Value*, laid out for cache lines; models
// AreaTree and is usable on its own as a range map.
//
//   struct Leaf  { first[15]     the first key of each entry; a pad        2 cache lines
//                  last[15]      its last key; the write it belongs to     2 cache lines
//                  value[15]     what it holds; the number of entries }    2 cache lines
//   struct Inner { first[15]     the first key below each child; a pad     2 cache lines
//                  gap[15]       the largest hole below; the write         2 cache lines
//                  child[15]     the nodes below; the number of children } 2 cache lines
//
// Holes are not stored. A gap is found along `gap`, which only the writer reads and writes.
//
// Not for: single keys with dense values (an array is smaller), overlapping ranges (an interval
// tree), owning values (only pointers are kept), more than one writer at a time (take a lock).
//
//   vmarea::shims::maple_tree<Area, Memory> tree;               // changed in place
//   if (!tree.assign(0x1000, 0x1fff, &area)) ...                // no memory; cuts what was there
//   tree.find(0x1800).value;                                    // &area
//   tree.lowest_gap(0x1000, 0, ~0ull);                          // {true, 0}
//   for (auto at = tree.seek(0); at.entry(); at.next()) ...     // in order
//   if (!tree.assign(0x1000, 0x10ff, nullptr)) ...              // erases; a cut takes memory
//
//   vmarea::shims::maple_tree<Area, Memory, published> shared;  // MapleTreeOptions
//   shared.look_up(0x1800);                                     // under RCU, beside the writer
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <vmarea/host/area_tree.hpp>
#include <vmarea/types/fast_paths.hpp>
#include <vmarea_shims/maple_tree/check.hpp>
#include <vmarea_shims/maple_tree/cursor.hpp>
#include <vmarea_shims/maple_tree/gaps.hpp>
#include <vmarea_shims/maple_tree/leaf_write.hpp>
#include <vmarea_shims/maple_tree/lookup.hpp>
#include <vmarea_shims/maple_tree/nodes.hpp>
#include <vmarea_shims/maple_tree/plan.hpp>
#include <vmarea_shims/maple_tree/shared_words.hpp>
#include <vmarea_shims/maple_tree/write.hpp>

namespace vmarea::shims {
inline namespace VMAREA_MACHINE {

enum class WriteMode : std::uint8_t {
  in_place,   // Readers and the writer exclude each other.
  published,  // Lookups need no lock, only that retired nodes outlive them (RCU).
};

/// Short ways past the general ones; tests show that both leave the same tree.
enum class Shortcuts : std::uint8_t { none, all };

struct MapleTreeOptions {
  std::size_t capacity = 15;  // Slots of a node; one less than a multiple of 8 wastes nothing.
  WriteMode mode = WriteMode::in_place;
  Shortcuts shortcuts = Shortcuts::all;
  std::size_t spares = 0;  // Nodes that unreserve() keeps for the next write.
};

/// Models AreaTree, where the meaning of each function is given; here is what goes beyond it.
/// A write is: nodes_needed() of its replaces, on the tree as it is before the first, with windows
/// that do not overlap; one reserve() of the sum; the replaces; unreserve(), also if the sum was 0.
/// A replace that does not grow may begin with the last entry of the one before, if that entry
/// lies in the window from the start or is counted in `before`.
/// In place, replaces that do not grow need not be counted. In published mode all need to be.
/// Facts: what look_up() tells of values.
template <class Value, NodeMemory Memory, MapleTreeOptions Options = MapleTreeOptions{},
          FactsOf<Value> Facts = NoFacts>
class MapleTree {
  static constexpr bool published = Options.mode == WriteMode::published;
  static constexpr bool takes_shortcuts = Options.shortcuts == Shortcuts::all;
  using Words =
      std::conditional_t<published, maple::SharedWords<typename Facts::Atomics>, maple::NotShared>;
  using Node = maple::Node<Options.capacity, Facts::words>;
  using Nodes = maple::Nodes<Node, Memory, published>;
  using Root = maple::Root<Node>;
  using Window = maple::Window<Node>;
  using GapSearch = maple::GapSearch<Node>;
  using LeafWrite = maple::LeafWrite<Node, Nodes, Words>;
  using Write = maple::Write<Node, Nodes, Words>;

 public:
  using Entry = TreeEntry<Value>;
  using Told = ToldEntry<Value, Facts::words>;
  using Cursor = maple::Cursor<Value, Node, Words, takes_shortcuts>;
  static constexpr std::size_t capacity = Options.capacity;
  static constexpr std::size_t node_bytes = sizeof(Node);

  MapleTree() noexcept requires std::is_default_constructible_v<Memory> : MapleTree(Memory{}) {}
  explicit MapleTree(const Memory& memory) noexcept : nodes_(memory) {}
  /// Leaves the other empty. Requires: no reader is left, and no write is planned.
  MapleTree(MapleTree&& other) noexcept
      : root_(std::exchange(other.root_, 0)),
        size_(std::exchange(other.size_, 0)),
        nodes_(std::move(other.nodes_)) {}
  MapleTree& operator=(const MapleTree&) = delete;
  /// Requires: no reader is left.
  ~MapleTree() {
    if (const Root top = root(); top.node != nullptr) nodes_.release_below(top.node, top.height);
  }

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

  VMAREA_INLINED Entry find(TreeKey key) const noexcept { return find_as<Entry>(key); }

  // Beside a writer, in published mode: the answers were true at one moment of the lookup, as one
  // node had them, and the value is not read. Requires: retired nodes outlive the lookup.
  /// The entry that contains `key`, or an empty one. Never waits and never looks twice.
  VMAREA_INLINED Told look_up(TreeKey key) const noexcept { return find_as<Told>(key); }
  /// The entry that contains `key`, else the first above it, or an empty one.
  Told look_up_at_or_above(TreeKey key) const noexcept {
    return maple::look_up_at_or_above<Told, Words, Node>(root_, key);
  }
  /// Takes the facts of the entry that starts at `first` from its value again, each by one store.
  /// Requires: there is one; readers find one fact changed before another.
  void refresh(TreeKey first, Cursor* hint = nullptr) noexcept {
    if constexpr (Facts::words > 0) {
      Cursor own;
      Cursor& place = takes_hint(hint) ? *hint : own;
      const Window& window = place.window(root(), first, first);
      maple::promise(window.entries() == 1);
      Node* const leaf = window.leaf;
      const auto* const value = static_cast<const Value*>(leaf->value(window.begin));
      leaf->facts.template store<Words>(window.begin, Facts::of(*value));
    }
  }

  Cursor seek(TreeKey key) const noexcept { return Cursor::seek(root(), key); }
  Cursor seek_back(TreeKey key) const noexcept { return Cursor::seek_back(root(), key); }
  template <class Visit>
  VMAREA_INLINED void for_each_in(TreeKey first, TreeKey last, const Cursor* hint,
                                  Visit&& visit) const noexcept {
    const Window* const window = takes_hint(hint) ? hint->window_here(first, last) : nullptr;
    if (window != nullptr && window->ends_in_leaf()) {
      for (std::size_t i = window->begin; i < window->end; ++i) {
        visit(*static_cast<Value*>(window->leaf->value(i)));
      }
      return;
    }
    Cursor at = seek(first);
    for (Entry entry = at.entry(); entry && entry.first <= last; entry = at.entry()) {
      at.next();
      visit(*entry.value);
    }
  }

  std::size_t nodes_needed(TreeKey first, TreeKey last, std::size_t count, std::size_t before = 0,
                           Cursor* hint = nullptr) const noexcept {
    const Root top = root();
    const Seen seen = look_at(first, last, hint);
    const std::size_t grown = seen.entries < count ? count - seen.entries : 0;
    if constexpr (published) {
      return count + seen.entries + before == 0
                 ? 0
                 : maple::plan_copies(top, seen.leaf != nullptr, seen.entries, grown, before);
    } else if (grown == 0) {
      return 0;
    } else if (takes_shortcuts && seen.leaf != nullptr && before == 0 &&
               maple::has_room<Node>(seen.leaf->count, 0, grown)) {
      return 0;
    } else {
      return seen.entries == 0 ? maple::plan_insertion(top, last, grown, before)
                               : maple::plan_splits(top, last, grown, before);
    }
  }
  bool reserve(std::size_t count) noexcept { return nodes_.reserve(count); }
  void unreserve() noexcept { nodes_.unreserve(Options.spares); }

  void replace(TreeKey first, TreeKey last, const Entry* entries, std::size_t count,
               Cursor* hint = nullptr) noexcept {
    maple::promise(first <= last && count <= entries_max);
    typename Node::Slot slots[entries_max];
    for (std::size_t i = 0; i < count; ++i) {
      maple::promise(entries[i].value != nullptr && entries[i].first <= entries[i].last);
      maple::promise(entries[i].first >= (i == 0 ? first : entries[i - 1].last + 1));
      maple::promise(entries[i].last <= last);
      slots[i] = {entries[i].first, entries[i].last, stored(entries[i].value)};
      if constexpr (Facts::words > 0) slots[i].facts = Facts::of(*entries[i].value);
    }
    if (takes_shortcuts && root_ != 0) {
      Cursor own;
      Cursor& place = takes_hint(hint) ? *hint : own;
      LeafWrite write(nodes_, place, place.window(root(), first, last));
      if (write.replace(slots, count)) {
        set_root(write.root());
        size_ += count - write.erased();
        nodes_.publish();
        return;
      }
    }
    Write write(nodes_, {first, last}, slots, count);
    set_root(write.replace(root()));
    size_ += write.added() - write.erased();
    nodes_.publish();
  }

  TreeGap lowest_gap(std::uint64_t size, TreeKey low, TreeKey last,
                     Cursor* behind = nullptr) const noexcept {
    return find_gap<&GapSearch::find_lowest>(size, low, last, behind);
  }
  TreeGap highest_gap(std::uint64_t size, TreeKey low, TreeKey last,
                      Cursor* behind = nullptr) const noexcept {
    return find_gap<&GapSearch::find_highest>(size, low, last, behind);
  }

  template <class Map>
  bool duplicate(const MapleTree& source, Map&& map) noexcept {
    maple::promise(root().node == nullptr);
    const Root top = source.root();
    if (top.node == nullptr) return true;
    if (!nodes_.reserve(nodes_below(top.node, top.height))) return false;
    size_ = source.size_;
    set_root({copy_below(top.node, top.height, map), top.height});
    nodes_.publish();
    return true;
  }

  /// Also ends a write. In published mode the nodes are retired.
  void clear() noexcept {
    const Root top = root();
    set_root({});
    size_ = 0;
    if (top.node != nullptr) {
      nodes_.drop_below(top.node, top.height);
      nodes_.publish();
    }
    nodes_.unreserve();
  }

  /// One whole write: [first, last] holds `value`, or nothing if null; what it cuts stays outside.
  /// False and unchanged if memory runs out.
  [[nodiscard]] bool assign(TreeKey first, TreeKey last, Value* value) noexcept {
    maple::promise(first <= last);
    Entry pieces[entries_max];
    std::size_t count = 0;
    const Entry below = find(first);
    const Entry above = find(last);
    if (below && below.first < first) pieces[count++] = {below.first, first - 1, below.value};
    if (value != nullptr) pieces[count++] = {first, last, value};
    if (above && above.last > last) pieces[count++] = {last + 1, above.last, above.value};
    const TreeKey from = below ? below.first : first;
    const TreeKey upto = above ? above.last : last;
    if (!reserve(nodes_needed(from, upto, count))) return false;
    replace(from, upto, pieces, count);
    unreserve();
    return true;
  }

  /// The constraint that is broken, in words; null if all hold.
  const char* check() const noexcept { return maple::Check<Node, published>::check(root(), size_); }
  std::size_t at_hand_for_test() const noexcept { return nodes_.at_hand(); }
  std::size_t height_for_test() const noexcept { return root().height; }

 private:
  static constexpr std::size_t entries_max = 3;

  static void* stored(Value* value) noexcept {
    return const_cast<void*>(static_cast<const volatile void*>(value));
  }
  template <class Answer>
  VMAREA_INLINED Answer find_as(TreeKey key) const noexcept {
    const Root top = root();
    const Node* node = top.node;
    if (node == nullptr) return {};
    const TreeKey end = key + 1;  // Of the last key, 0: nothing lies below.
    const bool is_large = takes_shortcuts && top.height >= maple::prefetch_height;
    if (is_large || !node->first.is_first_below(end)) return find_the_long_way<Answer>(top, key);
    for (std::size_t level = top.height; level > 0; --level) {
      node = child(node, node->first.last_below(end));
    }
    return answer_at<Answer>(node, node->first.last_below(end), key);
  }
  /// In a large tree, where whole nodes are asked for in advance; before the first entry; and for
  /// the last key, which is also what unused places hold. A function of its own, so that find()
  /// stays small enough to be inlined.
  template <class Answer>
  [[gnu::noinline]] static Answer find_the_long_way(Root top, TreeKey key) noexcept {
    const Node* node = top.node;
    if (key < node->first[0]) return {};
    for (std::size_t level = top.height; level > 0; --level) {
      node = child(node, node->find_slot(key));
      node->prefetch();
    }
    return answer_at<Answer>(node, node->find_slot(key), key);
  }
  static const Node* child(const Node* node, std::size_t i) noexcept {
    return static_cast<const Node*>(Words::load(node->value_or_child[i]));
  }
  /// The entry in slot `i`, if it holds `key`. Requires: it does not start above.
  template <class Answer>
  static Answer answer_at(const Node* leaf, std::size_t i, TreeKey key) noexcept {
    if (leaf->last(i) < key) return {};
    if constexpr (std::is_same_v<Answer, Told>) {
      return maple::told_at<Words, Told>(leaf, i);
    } else {
      return {leaf->first[i], leaf->last(i), static_cast<Value*>(leaf->value(i))};
    }
  }
  template <TreeGap (GapSearch::*Find)() noexcept>
  TreeGap find_gap(std::uint64_t size, TreeKey low, TreeKey last, Cursor* behind) const noexcept {
    Cursor own;
    Cursor& cursor = behind != nullptr ? *behind : own;
    const TreeGap gap = (GapSearch(root(), size, low, last, cursor.way_for_search()).*Find)();
    if (gap.found && behind != nullptr) behind->go_behind_hole(root());
    return gap;
  }
  static bool takes_hint(const Cursor* hint) noexcept { return takes_shortcuts && hint != nullptr; }
  /// What a plan wants to know of the entries in [first, last].
  struct Seen {
    std::size_t entries = 0;     // Up to one more than a replace can put there.
    const Node* leaf = nullptr;  // The one that the keys belong to; null: to more than one.
  };
  Seen look_at(TreeKey first, TreeKey last, Cursor* hint) const noexcept {
    constexpr std::size_t interesting = entries_max + 1;
    if (root_ == 0) return {};
    Cursor own;
    const Window& window = (takes_hint(hint) ? *hint : own).window(root(), first, last);
    Seen seen;
    if (window.ends_in_leaf()) seen.leaf = window.leaf;
    if (takes_shortcuts && seen.leaf != nullptr) {
      const std::size_t entries = window.entries();
      seen.entries = entries < interesting ? entries : interesting;
      return seen;
    }
    for (Cursor at = seek(first); seen.entries < interesting; at.next(), ++seen.entries) {
      const Entry entry = at.entry();
      if (!entry || entry.first > last) break;
    }
    return seen;
  }
  static std::size_t nodes_below(const Node* node, std::size_t level) noexcept {
    std::size_t nodes = 1;
    for (std::size_t i = 0; level > 0 && i < node->count; ++i) {
      nodes += nodes_below(node->child(i), level - 1);
    }
    return nodes;
  }
  template <class Map>
  Node* copy_below(const Node* node, std::size_t level, Map& map) noexcept {
    Node* const copy = nodes_.take_copy(node);
    for (std::size_t i = 0; i < node->count; ++i) {
      if (level > 0) {
        copy->value_or_child[i] = copy_below(node->child(i), level - 1, map);
        continue;
      }
      Value* const value = map(static_cast<Value*>(node->value(i)));
      copy->value_or_child[i] = stored(value);
      if constexpr (Facts::words > 0) copy->facts.set(i, Facts::of(*value));
    }
    return copy;
  }

  Root root() const noexcept { return Root::unpack(Words::load(root_)); }
  void set_root(Root root) noexcept {
    if (root.pack() != root_) Words::store(root_, root.pack());
  }

  // What readers without a lock read, apart from what each write changes.
  static constexpr std::size_t apart = published ? maple::cache_line_bytes : alignof(std::uint64_t);
  alignas(apart) std::uintptr_t root_ = 0;
  alignas(apart) std::size_t size_ = 0;
  Nodes nodes_;
};

/// The same, as containers are spelled. Where the options depend on a template parameter, name
/// MapleTree itself: g++ 12 crashes on such an alias.
template <class Value, NodeMemory Memory, MapleTreeOptions Options = MapleTreeOptions{},
          FactsOf<Value> Facts = NoFacts>
using maple_tree = MapleTree<Value, Memory, Options, Facts>;

/// What allocate_node is asked for each time, for pools of fixed size; with other options,
/// MapleTree::node_bytes.
inline constexpr std::size_t default_node_bytes = sizeof(maple::Node<MapleTreeOptions{}.capacity>);

}  // namespace VMAREA_MACHINE
}  // namespace vmarea::shims
