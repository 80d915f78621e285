// SPDX-License-Identifier: MIT
//
// What follow changes of its own signals, and which of them are meant for the program.
#pragma once

#include <array>
#include <csignal>
#include <cstddef>

#include <sys/types.h>

namespace follow {

/// The program finds all as it was. Output of ours that cannot be written does not end us, nor the
/// program with us. What asks us to end (SIGTERM and its like) the program is told instead, so that
/// it ends as it would alone, and we say the summary; from the terminal it is told anyway.
class OwnSignals {
 public:
  void set();
  void give_back() const;
  /// Who is told from now on; 0 once it has ended: then the signal makes must_stop() true.
  static void pass_on_to(pid_t program);
  static bool must_stop();
  /// Whether a task that stopped with the signal is of the program and was told the same already:
  /// its sender, like timeout, sends it to all of a group, and to us.
  static bool is_repeated(pid_t process, pid_t task, int signal);

 private:
  struct Kept {
    int signal;
    bool passed_on;
    struct sigaction before {};
  };
  std::array<Kept, 6> kept_{{{SIGINT, true},
                             {SIGQUIT, true},
                             {SIGTERM, true},
                             {SIGHUP, true},
                             {SIGPIPE, false},
                             {SIGXFSZ, false}}};
  sigset_t mask_{};
};

}  // namespace follow
