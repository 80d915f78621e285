// SPDX-License-Identifier: MIT
//
// One execution of simulated threads in a given order.
//
//   explorer --> conductor: the case itself, from its state to its checks
//                    |  run()                           ^
//                    v                                  |  all are done
//                 thread 0 <--> thread 1 <--> ...  -----+
//
// A thread runs until it stops: in front of an access, in a loop that waits, at a lock that is
// held, at its end. When something is found, nobody goes on: the explorer does, and what lies on
// the stacks is kept, not destroyed, for it may be in no state for that.
#pragma once

#include <bit>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fiber.hpp"
#include "order.hpp"

namespace vmarea::test::scheduler {

class Engine {
 public:
  static constexpr unsigned nothing = ~0u;

  /// The one of this program. It is no place for real threads.
  static Engine& the() {
    static Engine engine;
    return engine;
  }

  // ----- for an explorer

  /// Whether nothing was found. Then what() is empty.
  bool run(const std::function<void()>& conduct, Order& order, std::uint64_t steps_max) {
    conduct_ = &conduct;
    order_ = &order;
    steps_max_ = steps_max;
    steps_ = 0;
    what_.clear();
    switches_.clear();
    threads_.clear();
    current_ = nothing;
    if (conductor_ == nullptr) conductor_ = std::make_unique<Fiber>(&conduct_for_ever, this);
    switch_fibers(explorer_, *conductor_);
    order_ = nullptr;
    if (what_.empty()) return true;
    abandoned().push_back(std::move(conductor_));
    for (std::unique_ptr<Fiber>& fiber : fibers_) abandoned().push_back(std::move(fiber));
    current_ = nothing;
    return false;
  }
  std::uint64_t steps() const { return steps_; }
  const std::string& what() const { return what_; }
  /// Which thread went on when, for whoever reads a replay.
  const std::string& switches() const { return switches_; }
  void note_switches(bool wanted) { notes_switches_ = wanted; }
  bool is_running() const { return order_ != nullptr; }
  std::string order_text() const { return order_ == nullptr ? "" : order_->text(); }

  // ----- for a case, on the conductor

  /// A thread, or a handler that interrupts that of a number, once and anywhere, or never.
  unsigned add(std::function<void()> body, unsigned interrupts) {
    if (threads_.size() == threads_max) std::abort();
    threads_.push_back({std::move(body), interrupts, State::able, false});
    return static_cast<unsigned>(threads_.size()) - 1;
  }
  /// Returns when all are done.
  void go() {
    if (threads_.empty()) return;
    while (fibers_.size() < threads_.size()) fibers_.push_back(nullptr);
    for (unsigned i = 0; i < threads_.size(); ++i) {
      if (fibers_[i] == nullptr) fibers_[i] = std::make_unique<Fiber>(&run_for_ever, this);
    }
    find_able();
    left_ = conductor_.get();
    current_ = choose(Stop::begin);
    switch_to_current();
    current_ = nothing;
    threads_.clear();
  }

  // ----- for threads

  bool is_in_thread() const { return current_ != nothing; }
  unsigned current() const { return current_; }

  /// In front of an access to what threads share.
  void access() {
    if (current_ == nothing) return;
    count_step();
    go_on(Stop::access);
  }
  /// Nothing that paused threads wait for may happen before this.
  void changed() {
    if (paused_ == 0 || current_ == nothing) return;
    wake_paused();
    find_able();
  }
  /// Not able until another thread changed something, unless none is able otherwise. Outside of
  /// threads there is no other.
  void pause() {
    if (current_ == nothing) fail("a wait outside of threads has no end");
    count_step();
    threads_[current_].state = State::paused;
    ++paused_;
    go_on_without_current(Stop::paused);
  }
  /// Until unblock().
  void block() {
    threads_[current_].state = State::blocked;
    go_on_without_current(Stop::blocked);
  }
  void unblock(unsigned thread) {
    threads_[thread].state = State::able;
    find_able();
  }

  /// Ends the execution, and does not return.
  [[noreturn]] void fail(std::string what) {
    if (!is_running()) {
      std::fprintf(stderr, "outside of any schedule: %s\n", what.c_str());
      std::abort();
    }
    what_ = std::move(what);
    Fiber& from = current_ == nothing ? *conductor_ : *fibers_[current_];
    switch_fibers(from, explorer_);
    std::abort();
  }

 private:
  enum class State : std::uint8_t { able, paused, blocked, done };
  struct Thread {
    std::function<void()> body;
    unsigned interrupts;  // Of a handler; else `nothing`.
    State state;
    bool is_started;
  };

  /// Stacks of executions that found something. They stay to the very end of the program, so that
  /// what looks for leaks finds what is held from them.
  static std::vector<std::unique_ptr<Fiber>>& abandoned() {
    static auto* const fibers = new std::vector<std::unique_ptr<Fiber>>;
    return *fibers;
  }

  static void conduct_for_ever(void* self) {
    Engine& engine = *static_cast<Engine*>(self);
    for (;;) {
      (*engine.conduct_)();
      switch_fibers(*engine.conductor_, engine.explorer_);
    }
  }
  static void run_for_ever(void* self) {
    Engine& engine = *static_cast<Engine*>(self);
    for (;;) {
      engine.threads_[engine.current_].body();
      engine.finish();
    }
  }
  /// Returns when the fiber is used for another execution.
  void finish() {
    threads_[current_].state = State::done;
    for (Thread& thread : threads_) {
      const bool too_late = thread.interrupts == current_ && !thread.is_started;
      if (too_late) thread.state = State::done;
    }
    if (paused_ != 0) wake_paused();
    go_on_without_current(Stop::done);
  }

  void count_step() {
    if (++steps_ > steps_max_) fail("no end after " + std::to_string(steps_max_) + " steps");
  }
  void wake_paused() {
    for (Thread& thread : threads_) {
      if (thread.state == State::paused) thread.state = State::able;
    }
    paused_ = 0;
  }
  /// A handler that runs is in the way of the thread that it interrupted.
  void find_able() {
    able_ = 0;
    for (unsigned i = 0; i < threads_.size(); ++i) {
      if (threads_[i].state == State::able) able_ |= std::uint32_t{1} << i;
    }
    for (const Thread& thread : threads_) {
      const bool runs = thread.is_started && thread.state != State::done;
      if (runs && thread.interrupts != nothing) able_ &= ~(std::uint32_t{1} << thread.interrupts);
    }
  }

  void go_on_without_current(Stop stop) {
    find_able();
    if (able_ == 0 && paused_ != 0) {
      wake_paused();
      find_able();
    }
    if (able_ != 0) return go_on(stop);
    for (const Thread& thread : threads_) {
      if (thread.state != State::done) fail("deadlock");
    }
    Fiber& from = *fibers_[current_];
    switch_fibers(from, *conductor_);
  }
  void go_on(Stop stop) {
    const unsigned from = current_;
    const unsigned next = choose(stop);
    if (next == from) return;
    left_ = fibers_[from].get();
    current_ = next;
    switch_to_current();
  }
  unsigned choose(Stop stop) {
    const std::uint32_t usual = stop == Stop::access ? std::uint32_t{1} << current_ : 0;
    if (able_ == usual) return current_;
    return order_->next({stop, current_, able_});
  }
  void switch_to_current() {
    Thread& thread = threads_[current_];
    if (notes_switches_) {
      switches_ += "  step " + std::to_string(steps_) + ": thread " + std::to_string(current_);
      switches_ += thread.interrupts == nothing ? "\n" : " as a handler\n";
    }
    if (!thread.is_started) {
      thread.is_started = true;
      if (thread.interrupts != nothing) find_able();
    }
    switch_fibers(*left_, *fibers_[current_]);
  }

  const std::function<void()>* conduct_ = nullptr;
  Order* order_ = nullptr;  // Null: nothing runs.
  std::uint64_t steps_max_ = 0;
  std::uint64_t steps_ = 0;
  std::string what_;
  std::string switches_;
  bool notes_switches_ = false;

  std::vector<Thread> threads_;
  unsigned current_ = nothing;
  std::uint32_t able_ = 0;
  unsigned paused_ = 0;

  Fiber explorer_;
  Fiber* left_ = nullptr;
  std::unique_ptr<Fiber> conductor_;
  std::vector<std::unique_ptr<Fiber>> fibers_;  // One a thread, used again and again.
};

}  // namespace vmarea::test::scheduler
