// SPDX-License-Identifier: MIT
//
// One program of translation units that are compiled for different machines.
//
//   x86-64     x86-64-v3     x86-64-v4      each makes the same calls on a space of its own, by
//      \___________|____________/           functions of its own, and sees the same
#pragma once

#include <string>

/// What one of the translation units is, and does.
struct Unit {
  const char* level;
  const char* host;       // The mangled name of its Userland.
  const void* functions;  // Where the functions of that type are.
  std::string (*make_calls)(unsigned count);
};

extern const Unit baseline, v3, v4;
