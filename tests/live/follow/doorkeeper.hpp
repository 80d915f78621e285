// SPDX-License-Identifier: MIT
//
// The filter stays on a task for good, and the kernel refuses what it stops where no tracer is
// there to let it pass. A task that we let go of is given a second filter, which asks us instead;
// a thread for each lets everything pass, of the task and of all that come from it.
#pragma once

#include <optional>
#include <thread>
#include <vector>

#include <sys/types.h>

#include "injection.hpp"

namespace follow {

/// Puts the second filter on the task. Its descriptor of ours, or none, where the task may not
/// filter or went elsewhere. Requires: `injection` has begun.
std::optional<int> install_passing_filter(Injection& injection, pid_t task);

class Doorkeeper {
 public:
  Doorkeeper() = default;
  ~Doorkeeper();  // Without waiting: whoever is still served is refused then.
  Doorkeeper(const Doorkeeper&) = delete;
  Doorkeeper& operator=(const Doorkeeper&) = delete;

  /// Lets pass what comes through that descriptor, which it closes in the end.
  void serve(int listener);
  /// Until all tasks that are served have ended.
  void wait();

 private:
  std::vector<std::thread> threads_;
};

}  // namespace follow
