// SPDX-License-Identifier: MIT
//
// Reads areas with a BPF program in the kernel: binary, with all flags, and with the page offset
// and the identity of anonymous memory, which no file of /proc shows, in less time than the text
// of maps takes. It needs Linux 6.7, its types in /sys/kernel/btf and CAP_BPF and CAP_PERFMON;
// without them it is not loaded, and whoever wants areas reads /proc.
#pragma once

#include <cstdint>
#include <span>

#include "live/area_program/area_view.h"

namespace vmarea::live {

class AreaProgram {
 public:
  enum class Of : unsigned char { calling_process, any_task };

  /// Loads it with so many views, one for each process that reads at the same time. Allocates much
  /// and frees it again.
  explicit AreaProgram(unsigned views, Of of = Of::calling_process);
  ~AreaProgram();
  AreaProgram(const AreaProgram&) = delete;
  AreaProgram& operator=(const AreaProgram&) = delete;

  bool is_loaded() const { return program_ >= 0; }
  /// Why it is not; a system's words.
  const char* why_not() const { return why_not_; }

  /// Areas of this process, or of `task`, that have a byte in [start, end), until this view is
  /// written again. False if they could not be read.
  bool read(unsigned view, std::uint64_t start, std::uint64_t end,
            std::span<const ViewedArea>& areas, int task = 0) const;

  /// The tasks of the process of `task`, until they are read again; for Of::any_task. False if they
  /// could not be read.
  bool read_tasks(int task, std::span<const ViewedTask>& tasks) const;

 private:
  void load(Of of);
  bool load(const char* of_areas, const char* of_tasks);

  unsigned count_;
  int program_ = -1;
  const AreaView* views_ = nullptr;
  int task_program_ = -1;
  const TaskView* tasks_ = nullptr;
  const char* why_not_ = "";
};

}  // namespace vmarea::live
