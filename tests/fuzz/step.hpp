// SPDX-License-Identifier: MIT
//
// A sequence of a fuzzer: where it happens, and its steps. It is drawn from bytes, whether a fuzzer
// that looks at coverage changes them or a seed gives them, and has a text that is read back.
//
//   scene seed 17 page 12 bits 47 window middle
//   map_anonymous    columns [3,7) to [9,10) choice 4f fault 2 space 1 beats between no_charge
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/every_call/call.hpp"

namespace vmarea::test::fuzz {

using every_call::Call;

/// What happens between the beats of a call, on every host alike.
enum class Between : unsigned char {
  nothing,
  tight_limits,    // Limits refuse everything from then on: what was decided was decided.
  no_charge,       // No page can be charged any more.
  drivers_change,  // Drivers answer the opposite.
  drop_planned,    // The change is dropped and planned again,
  drop_reserved,   // or dropped when it is reserved.
  moves,           // The change is handed on between its beats.
  count
};

struct Step {
  Call call{};
  Between between = Between::nothing;
  unsigned space = 0;   // Which of the spaces; one that is not there stands for the first.
  bool beats = false;   // Beat by beat on the first host, and where something happens between.
  unsigned limits = 0;  // Whose settings' limits hold from now on; 0: as before.
};

/// Where the window of a sequence lies: its columns must all be below the limit, or behind it.
enum class Window : unsigned char { middle, lowest, highest, count };

struct Scene {
  std::uint64_t seed = 1;  // Of the settings.
  unsigned page_shift = 12;
  unsigned address_bits = 47;  // 64: up to the last page.
  Window window = Window::middle;
};

struct Sequence {
  Scene scene{};
  std::vector<Step> steps;
};

std::string text_of(const Scene& scene);
std::string text_of(const Step& step);
std::string text_of(const Sequence& sequence);

/// Reads a text back. What is wrong with it, with the number of the line; empty: nothing.
std::string parse(std::string_view text, Sequence& sequence);

/// A sequence from bytes, whatever they are: `steps_max` steps, or as many as there are bytes for.
Sequence draw(const std::uint8_t* bytes, std::size_t count, std::size_t steps_max);
/// The bytes of a seed. They make a sequence of `steps` steps.
std::vector<std::uint8_t> bytes_of(std::uint64_t seed, std::size_t steps);

}  // namespace vmarea::test::fuzz
