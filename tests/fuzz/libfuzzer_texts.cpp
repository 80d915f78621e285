// SPDX-License-Identifier: MIT
//
// What reads text, on bytes that libFuzzer chooses: the first says which reader.
#include <cstdio>
#include <cstdlib>

#include "fuzz/text_trial.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  using namespace vmarea::test::fuzz;
  if (count == 0) return 0;
  const auto reader = static_cast<Reader>(bytes[0] % static_cast<unsigned>(Reader::count));
  bool taken = false;
  const std::string_view text(reinterpret_cast<const char*>(bytes + 1), count - 1);
  const std::string wrong = try_text(reader, text, taken);
  if (wrong.empty()) return 0;
  std::fputs(wrong.c_str(), stderr);
  std::abort();
}
