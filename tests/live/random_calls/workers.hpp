// SPDX-License-Identifier: MIT
//
// Processes that share the sequences of a seed among them, each comparing one after the other until
// enough calls were made or something differs. The one that started them only waits, so that
// nothing of it is mapped while a sequence runs.
#pragma once

#include <cstdint>
#include <vector>

#include "live/random_calls/options.hpp"
#include "live/random_calls/runner.hpp"
#include "live/random_calls/slate.hpp"

namespace vmarea::live {

class Workers {
 public:
  /// `slates`: one for each. They are made before the surroundings of the arena are.
  Workers(const Options& options, Runner& runner, SharedSlates& slates);

  /// Goes on where the last run ended. The slate that shows what differs; null if nothing does.
  Slate* run();
  /// Forgets what differed; the sequence that did is run again, or left out.
  enum class Next : std::uint8_t { again, leave_out };
  void forget(Slate& slate, Next next);
  /// Counts calls from nothing again.
  void begin_count();

  Sequence generate(std::uint64_t sequence) const;
  Counts counts() const { return sum(slates_); }

 private:
  void work(Slate& slate, unsigned view);
  bool is_done(const Slate& slate) const;
  void run_next(Slate& slate);
  void await();
  bool all_left();

  const Options& options_;
  Runner& runner_;
  SharedSlates& slates_;
  std::vector<int> children_;
};

}  // namespace vmarea::live
