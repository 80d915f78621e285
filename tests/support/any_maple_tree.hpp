// SPDX-License-Identifier: MIT
//
// A maple tree of any configuration behind one type, so that tests of all of them are compiled once
// and not once for each.
//
//   class Root : public testing::TestWithParam<TreeConfig> {
//     NodeMemoryState memory;
//     AnyMapleTree tree{GetParam().make, memory};
//   };
//   INSTANTIATE_TEST_SUITE_P(Trees, Root, testing::ValuesIn(trees_of(AllConfigs{})), name_of_tree);
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "support/maple_configs.hpp"
#include "support/node_memory.hpp"

namespace vmarea::test {

class AnyMapleTree {
 public:
  using Entry = TreeEntry<char>;
  using Mapping = std::function<char*(char*)>;

  /// What each configuration has one of.
  struct Tree {
    struct Place {
      virtual ~Place() = default;
      virtual Entry entry() const = 0;
      virtual Entry before() const = 0;
      virtual void next() = 0;
      virtual void previous() = 0;
    };
    virtual ~Tree() = default;
    virtual std::size_t size() const = 0;
    virtual Entry find(TreeKey key) const = 0;
    virtual std::unique_ptr<Place> seek(TreeKey key) const = 0;
    virtual std::unique_ptr<Place> seek_back(TreeKey key) const = 0;
    virtual std::size_t nodes_needed(TreeKey first, TreeKey last, std::size_t count,
                                     std::size_t before) const = 0;
    virtual bool reserve(std::size_t count) = 0;
    virtual void unreserve() = 0;
    virtual void replace(TreeKey first, TreeKey last, const Entry* entries, std::size_t count) = 0;
    virtual TreeGap lowest_gap(std::uint64_t size, TreeKey low, TreeKey last) const = 0;
    virtual TreeGap highest_gap(std::uint64_t size, TreeKey low, TreeKey last) const = 0;
    virtual bool duplicate(const Tree& source, const Mapping& map) = 0;
    virtual void clear() = 0;
    virtual bool assign(TreeKey first, TreeKey last, char* value) = 0;
    virtual const char* check() const = 0;
    virtual std::size_t at_hand() const = 0;
    virtual std::size_t height() const = 0;
  };
  using MakeTree = std::unique_ptr<Tree> (*)(NodeMemory);

  class Cursor {
   public:
    explicit Cursor(std::unique_ptr<Tree::Place> place) : place_(std::move(place)) {}
    Entry entry() const { return place_->entry(); }
    Entry before() const { return place_->before(); }
    void next() { place_->next(); }
    void previous() { place_->previous(); }

   private:
    std::unique_ptr<Tree::Place> place_;
  };

  AnyMapleTree(MakeTree make, NodeMemoryState& memory) : tree_(make(NodeMemory{&memory})) {}

  std::size_t size() const { return tree_->size(); }
  bool empty() const { return size() == 0; }
  Entry find(TreeKey key) const { return tree_->find(key); }
  Cursor seek(TreeKey key) const { return Cursor(tree_->seek(key)); }
  Cursor seek_back(TreeKey key) const { return Cursor(tree_->seek_back(key)); }
  std::size_t nodes_needed(TreeKey first, TreeKey last, std::size_t count,
                           std::size_t before) const {
    return tree_->nodes_needed(first, last, count, before);
  }
  bool reserve(std::size_t count) { return tree_->reserve(count); }
  void unreserve() { tree_->unreserve(); }
  void replace(TreeKey first, TreeKey last, const Entry* entries, std::size_t count) {
    tree_->replace(first, last, entries, count);
  }
  TreeGap lowest_gap(std::uint64_t size, TreeKey low, TreeKey last) const {
    return tree_->lowest_gap(size, low, last);
  }
  TreeGap highest_gap(std::uint64_t size, TreeKey low, TreeKey last) const {
    return tree_->highest_gap(size, low, last);
  }
  /// Requires: of the same configuration.
  bool duplicate(const AnyMapleTree& source, const Mapping& map) {
    return tree_->duplicate(*source.tree_, map);
  }
  void clear() { tree_->clear(); }
  bool assign(TreeKey first, TreeKey last, char* value) {
    return tree_->assign(first, last, value);
  }
  const char* check() const { return tree_->check(); }
  std::size_t at_hand_for_test() const { return tree_->at_hand(); }
  std::size_t height_for_test() const { return tree_->height(); }

 private:
  std::unique_ptr<Tree> tree_;
};

template <shims::MapleTreeOptions options>
class MapleTreeOf final : public AnyMapleTree::Tree {
  using Maple = shims::MapleTree<char, NodeMemory, options>;
  using Entry = AnyMapleTree::Entry;

 public:
  explicit MapleTreeOf(NodeMemory memory) : tree_(memory) {}
  static std::unique_ptr<Tree> make(NodeMemory memory) {
    return std::make_unique<MapleTreeOf>(memory);
  }

  std::size_t size() const override { return tree_.size(); }
  Entry find(TreeKey key) const override { return tree_.find(key); }
  std::unique_ptr<Place> seek(TreeKey key) const override {
    return std::make_unique<At>(tree_.seek(key));
  }
  std::unique_ptr<Place> seek_back(TreeKey key) const override {
    return std::make_unique<At>(tree_.seek_back(key));
  }
  std::size_t nodes_needed(TreeKey first, TreeKey last, std::size_t count,
                           std::size_t before) const override {
    return tree_.nodes_needed(first, last, count, before);
  }
  bool reserve(std::size_t count) override { return tree_.reserve(count); }
  void unreserve() override { tree_.unreserve(); }
  void replace(TreeKey first, TreeKey last, const Entry* entries, std::size_t count) override {
    tree_.replace(first, last, entries, count);
  }
  TreeGap lowest_gap(std::uint64_t size, TreeKey low, TreeKey last) const override {
    return tree_.lowest_gap(size, low, last);
  }
  TreeGap highest_gap(std::uint64_t size, TreeKey low, TreeKey last) const override {
    return tree_.highest_gap(size, low, last);
  }
  bool duplicate(const Tree& source, const AnyMapleTree::Mapping& map) override {
    return tree_.duplicate(dynamic_cast<const MapleTreeOf&>(source).tree_, map);
  }
  void clear() override { tree_.clear(); }
  bool assign(TreeKey first, TreeKey last, char* value) override {
    return tree_.assign(first, last, value);
  }
  const char* check() const override { return tree_.check(); }
  std::size_t at_hand() const override { return tree_.at_hand_for_test(); }
  std::size_t height() const override { return tree_.height_for_test(); }

 private:
  struct At final : Place {
    explicit At(const typename Maple::Cursor& at) : cursor(at) {}
    Entry entry() const override { return cursor.entry(); }
    Entry before() const override { return cursor.before(); }
    void next() override { cursor.next(); }
    void previous() override { cursor.previous(); }
    typename Maple::Cursor cursor;
  };
  Maple tree_;
};

/// One of maple_configs.hpp.
struct TreeConfig {
  std::string name;
  std::size_t capacity;
  bool published;
  AnyMapleTree::MakeTree make;
};

template <class... Configs>
std::vector<TreeConfig> trees_of(testing::Types<Configs...>) {
  return {{ConfigName::GetName<Configs>(0), Configs::options.capacity, Configs::published,
           MapleTreeOf<Configs::options>::make}...};
}
inline std::string name_of_tree(const testing::TestParamInfo<TreeConfig>& tree) {
  return tree.param.name;
}
/// What a failure prints.
inline void PrintTo(const TreeConfig& tree, std::ostream* out) {
  *out << tree.name;
}

}  // namespace vmarea::test
