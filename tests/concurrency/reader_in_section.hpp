// SPDX-License-Identifier: MIT
//
// A thread that is in the middle of looking something up, for as long as a test wants it to be.
#pragma once

#include <future>
#include <thread>

namespace vmarea::test {

/// In a section of lookups of the space from when it is made until leave().
template <class Space>
class ReaderInSection {
 public:
  explicit ReaderInSection(const Space& space)
      : thread_([this, &space] {
          const auto lookups = space.lookups();
          entered_.set_value();
          may_leave_.get_future().wait();
        }) {
    entered_.get_future().wait();
  }
  ReaderInSection(const ReaderInSection&) = delete;
  ReaderInSection& operator=(const ReaderInSection&) = delete;
  ~ReaderInSection() {
    if (thread_.joinable()) leave();
  }
  void leave() {
    may_leave_.set_value();
    thread_.join();
  }

 private:
  std::promise<void> entered_;
  std::promise<void> may_leave_;
  std::thread thread_;
};

}  // namespace vmarea::test
