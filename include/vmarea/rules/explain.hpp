// SPDX-License-Identifier: MIT
//
// Why are these two not one area? An answer in words, for people and for test output.
//
//   JoinAnswer why = explain_boundary(space, at);        the areas that meet at `at`
//   describe(why.verdict), flag_name(bit of why.flags)   "flags differ": "ac"; text(why) is both
#pragma once

#include "vmarea/rules/merge.hpp"

namespace vmarea {

/// The verdict in words, for a sentence that begins "not merged: ".
constexpr const char* describe(JoinVerdict verdict) noexcept {
  switch (verdict) {
    case JoinVerdict::joined:
      return "nothing keeps them apart; only a change at this boundary merges them";
    case JoinVerdict::no_neighbour:
      return "nothing touches this edge";
    case JoinVerdict::special:
      return "a special flag forbids every merge";
    case JoinVerdict::not_wanted:
      return "this call does not merge on this side";
    case JoinVerdict::attributes:
      return "policy, userfault context or name differ";
    case JoinVerdict::flags:
      return "flags differ";
    case JoinVerdict::file:
      return "not the same open file";
    case JoinVerdict::identity:
      return "anonymous identities differ";
    case JoinVerdict::fork_child:
      return "a fork child's pages next to untouched memory";
    case JoinVerdict::faulted:
      return "touched next to untouched memory";
    case JoinVerdict::page_offset:
      return "page offsets are not contiguous";
    case JoinVerdict::between_neighbours:
      return "the neighbours' identities differ";
    case JoinVerdict::close_hook:
      return "an area with a close hook would be removed";
  }
  return "unknown";
}

/// The two letters that /proc/PID/smaps shows for a flag bit; "??" where it shows none.
constexpr const char* flag_name(unsigned bit) noexcept {
  constexpr const char* names[] = {"rd", "wr", "ex", "sh", "mr", "mw", "me", "ms", "gd", "um", "pf",
                                   "gu", "uw", "lo", "io", "sr", "rr", "dc", "de", "lf", "ac", "nr",
                                   "ht", "sf", "ar", "wf", "dd", "sd", "mm", "hg", "nh", "mg"};
  if (bit < sizeof(names) / sizeof(names[0])) return names[bit];
  if (bit == 37) return "ss";
  if (bit == 40) return "dp";
  if (bit == 41) return "ui";
  if (bit == 42) return "sl";
  return "??";
}

/// The flag that smaps shows with these two letters; none where it shows no such flag.
constexpr Flags flag_named(char first, char second) noexcept {
  for (unsigned bit = 0; bit < 64; ++bit) {
    const char* name = flag_name(bit);
    if (name[0] == first && name[1] == second && first != '?') return flag::bit(bit);
  }
  return {};
}

}  // namespace vmarea
