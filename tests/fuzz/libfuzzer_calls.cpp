// SPDX-License-Identifier: MIT
//
// The same sequences, chosen by what libFuzzer sees of the code that they reach. A sequence that
// goes wrong is printed as the driver's text; its bytes are read by the driver, too.
#include <cstdio>
#include <cstdlib>

#include "fuzz/trial.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  using namespace vmarea::test::fuzz;
  constexpr std::size_t steps_max = 400;
  const Sequence sequence = draw(bytes, count, steps_max);
  const std::string wrong = try_sequence(sequence);
  if (wrong.empty()) return 0;
  std::fprintf(stderr, "%s%s", text_of(sequence).c_str(), wrong.c_str());
  std::abort();
}
