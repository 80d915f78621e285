// SPDX-License-Identifier: MIT
#include "support/machine.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <thread>

#include <sys/utsname.h>

namespace vmarea::bench {
namespace {

#if defined(__clang__)
constexpr const char* compiler = "clang++ " __clang_version__;
#else
constexpr const char* compiler = "g++ " __VERSION__;
#endif

#if defined(__AVX512F__)
constexpr const char* vectors = "AVX-512";
#elif defined(__AVX2__)
constexpr const char* vectors = "AVX2";
#else
constexpr const char* vectors = "the baseline's vectors";
#endif

std::string processor() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    const std::size_t colon = line.find(": ");
    if (line.rfind("model name", 0) == 0 && colon != std::string::npos) {
      return line.substr(colon + 2);
    }
  }
  return "an unnamed processor";
}

}  // namespace

std::string compiler_and_flags() {
  return std::string(compiler) + " " + VMAREA_BENCH_FLAGS + ", " + vectors;
}

std::string machine() {
  std::string text =
      std::to_string(std::thread::hardware_concurrency()) + " x " + processor() + ", ";
  utsname kernel{};
  text += ::uname(&kernel) == 0 ? std::string(kernel.sysname) + " " + kernel.release : "?";
  double load = 0;
  if (::getloadavg(&load, 1) != 1) return text;
  char words[48];
  std::snprintf(words, sizeof words, ", load %.1f when it ended", load);
  return text + words;
}

}  // namespace vmarea::bench
