// SPDX-License-Identifier: MIT
//
// What the programs inside the kernel write down of areas and of tasks: the layouts that they, in
// C, and their reader share.
#pragma once

/// An arena holds 1536, and one may lie behind it.
#define AREA_VIEW_CAPACITY 1600

struct ViewedArea {
  unsigned long start;
  unsigned long end;
  unsigned long bits;        /* Its flags as this kernel numbers them. */
  unsigned long page_offset; /* Of anonymous areas, too. */
  unsigned long file;        /* Where its open file lies; 0 if none. */
  unsigned long identity;    /* Where its anon_vma lies; 0 if none. */
};

struct AreaView {
  unsigned long count;
  struct ViewedArea areas[AREA_VIEW_CAPACITY];
};

/// Of one process; where it has more, the rest counts as awake.
#define TASK_VIEW_CAPACITY 512

struct ViewedTask {
  unsigned long task;
  unsigned long switches; /* How often it gave up the processor, or had to. */
  unsigned long asleep;   /* In a call that a signal would interrupt. */
};

struct TaskView {
  unsigned long count;
  struct ViewedTask tasks[TASK_VIEW_CAPACITY];
};

/// What the programs are called with.
struct AreaRequest {
  unsigned long view; /* The number of the view to write. */
  unsigned long start;
  unsigned long end;
  unsigned long task; /* Whose areas, or tasks; no matter for those of the calling process. */
};
