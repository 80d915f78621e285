// SPDX-License-Identifier: MIT
//
// Orders of threads: which one goes on where one stops.
//
//   DrawnOrder     PCT: a thread of the highest priority runs; at depth - 1 drawn steps the running
//                  one falls below all. Finds a fault of that depth with a probability that has a
//                  lower bound: 1 in threads * steps ^ (depth - 1)
//   AllOrders      one after the other, each order in which a thread that could go on is made to
//                  wait so many times at most
//   ReplayedOrder  one of either, from its text
//
// A thread that waits in a loop (paused), waits for a lock (blocked) or is done makes room for any
// other; only to stop one in front of an access is a preemption.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace vmarea::test::scheduler {

inline constexpr unsigned threads_max = 8;

enum class Stop : std::uint8_t { begin, access, paused, blocked, done };

/// Where threads stand when one stops. `able` has a bit for each that can go on, one at least.
struct Choice {
  Stop stop;
  unsigned current;  // Of no meaning at the beginning.
  std::uint32_t able;

  bool can_stay() const { return stop == Stop::access; }
  /// The thread that goes on if nothing is done about it.
  unsigned usual() const {
    return can_stay() ? current : static_cast<unsigned>(std::countr_zero(able));
  }
};

class Order {
 public:
  Order() = default;
  Order(const Order&) = delete;
  Order& operator=(const Order&) = delete;
  virtual ~Order() = default;
  /// A thread of those that are able.
  virtual unsigned next(const Choice& choice) = 0;
  /// What make_order() takes to make the same one again.
  virtual std::string text() const = 0;
};

class DrawnOrder : public Order {
 public:
  struct Draw {
    std::uint64_t seed = 1;
    unsigned depth = 3;
    std::uint64_t steps = 100;  // About as many as an execution has.
  };

  explicit DrawnOrder(const Draw& draw) : draw_(draw) {
    std::mt19937_64 random(draw.seed);
    for (unsigned i = 0; i < threads_max; ++i) priority_[i] = static_cast<std::int64_t>(i + 1);
    std::shuffle(priority_, priority_ + threads_max, random);
    for (unsigned i = 1; i < draw.depth; ++i) {
      falls_.push_back(1 + random() % std::max<std::uint64_t>(draw.steps, 1));
    }
    std::sort(falls_.begin(), falls_.end());
  }
  unsigned next(const Choice& choice) override {
    if (choice.stop == Stop::paused) fall(choice.current);
    if (choice.can_stay()) {
      ++step_;
      for (; fallen_ < falls_.size() && falls_[fallen_] == step_; ++fallen_) fall(choice.current);
    }
    unsigned best = choice.usual();
    for (std::uint32_t left = choice.able; left != 0; left &= left - 1) {
      const unsigned thread = static_cast<unsigned>(std::countr_zero(left));
      if (priority_[thread] > priority_[best]) best = thread;
    }
    return best;
  }
  std::string text() const override {
    return "drawn:" + std::to_string(draw_.seed) + "," + std::to_string(draw_.depth) + "," +
           std::to_string(draw_.steps);
  }

 private:
  void fall(unsigned thread) { priority_[thread] = --lowest_; }

  Draw draw_;
  std::int64_t priority_[threads_max];
  std::int64_t lowest_ = 0;
  std::vector<std::uint64_t> falls_;
  std::size_t fallen_ = 0;
  std::uint64_t step_ = 0;
};

/// Depth first: the last choice that has an alternative takes it, and those behind it begin anew.
class AllOrders : public Order {
 public:
  explicit AllOrders(unsigned preemptions_max) : preemptions_max_(preemptions_max) {}

  unsigned next(const Choice& choice) override {
    if (std::has_single_bit(choice.able)) return choice.usual();
    if (at_ == path_.size()) {
      const bool may_differ = !choice.can_stay() || preemptions_ < preemptions_max_;
      const unsigned usual = choice.usual();
      const std::uint32_t others = choice.able & ~(std::uint32_t{1} << usual);
      path_.push_back({may_differ ? others : 0, static_cast<std::uint8_t>(usual),
                       static_cast<std::uint8_t>(usual)});
    }
    const Node& node = path_[at_++];
    if (choice.can_stay() && node.chosen != node.usual) ++preemptions_;
    return node.chosen;
  }
  /// Goes to the next order; false if there is none.
  bool advance() {
    at_ = 0;
    preemptions_ = 0;
    while (!path_.empty() && path_.back().untried == 0) path_.pop_back();
    if (path_.empty()) return false;
    Node& node = path_.back();
    node.chosen = static_cast<std::uint8_t>(std::countr_zero(node.untried));
    node.untried &= node.untried - 1;
    return true;
  }
  /// The choices that are unusual, by their number.
  std::string text() const override {
    std::string text = "listed:";
    for (std::size_t i = 0; i < path_.size(); ++i) {
      if (path_[i].chosen == path_[i].usual) continue;
      text += std::to_string(i) + ">" + std::to_string(unsigned{path_[i].chosen}) + ",";
    }
    return text;
  }

 private:
  struct Node {
    std::uint32_t untried;
    std::uint8_t chosen;
    std::uint8_t usual;
  };

  unsigned preemptions_max_;
  std::vector<Node> path_;
  std::size_t at_ = 0;
  unsigned preemptions_ = 0;
};

class ReplayedOrder : public Order {
 public:
  explicit ReplayedOrder(std::string text) : text_(std::move(text)) {
    const char* at = text_.c_str() + text_.find(':') + 1;
    while (*at != '\0') {
      char* end = nullptr;
      const std::size_t number = std::strtoull(at, &end, 10);
      if (end == at || *end != '>') break;
      at = end + 1;
      unusual_.push_back({number, static_cast<unsigned>(std::strtoul(at, &end, 10))});
      at = *end == ',' ? end + 1 : end;
    }
  }
  unsigned next(const Choice& choice) override {
    if (std::has_single_bit(choice.able)) return choice.usual();
    const std::size_t number = at_++;
    for (const Unusual& unusual : unusual_) {
      const bool can = (choice.able >> unusual.thread & 1) != 0;
      if (unusual.number == number && can) return unusual.thread;
    }
    return choice.usual();
  }
  std::string text() const override { return text_; }

 private:
  struct Unusual {
    std::size_t number;
    unsigned thread;
  };
  std::string text_;
  std::vector<Unusual> unusual_;
  std::size_t at_ = 0;
};

/// The order of this text(); null if it is none.
inline std::unique_ptr<Order> make_order(const std::string& text) {
  if (text.starts_with("listed:")) return std::make_unique<ReplayedOrder>(text);
  DrawnOrder::Draw draw;
  unsigned long long seed = 0;
  unsigned long long steps = 0;
  if (std::sscanf(text.c_str(), "drawn:%llu,%u,%llu", &seed, &draw.depth, &steps) != 3) {
    return nullptr;
  }
  draw.seed = seed;
  draw.steps = steps;
  return std::make_unique<DrawnOrder>(draw);
}

}  // namespace vmarea::test::scheduler
