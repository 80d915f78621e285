// SPDX-License-Identifier: MIT
//
// What the program inside the kernel writes down of areas: the layout that it, in C, and its reader
// share.
#pragma once

/// An arena holds 1536, and one may lie behind it.
#define AREA_VIEW_CAPACITY 1600

struct ViewedArea {
  unsigned long start;
  unsigned long end;
  unsigned long bits;        /* Its flags as this kernel numbers them. */
  unsigned long page_offset; /* Of anonymous areas, too. */
  unsigned long has_file;
  unsigned long identity; /* Where its anon_vma lies; 0 if none. */
};

struct AreaView {
  unsigned long count;
  struct ViewedArea areas[AREA_VIEW_CAPACITY];
};

/// What the program is called with.
struct AreaRequest {
  unsigned long view; /* The number of the view to write. */
  unsigned long start;
  unsigned long end;
  unsigned long task; /* Whose areas; of no meaning where they are those of the calling process. */
};
