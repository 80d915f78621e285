// SPDX-License-Identifier: MIT
//
// run_on LEVEL PROGRAM [ARGUMENT...]: runs the program where the machine has what -march=LEVEL asks
// for; says so and exits with 77, which skips a test, where it does not. Apart, since a program
// that is compiled for more than the machine has may not even reach its main().
#include <cstdio>
#include <string_view>

#include <unistd.h>

namespace {

bool machine_has(std::string_view level) {
#if defined(__x86_64__)
  if (level == "x86-64") return true;
  const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                  __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma");
  if (level == "x86-64-v3") return v3;
  return level == "x86-64-v4" && v3 && __builtin_cpu_supports("avx512f") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#else
  return level.empty();
#endif
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  if (!machine_has(argv[1])) {
    std::printf("skipped: this machine is no %s\n", argv[1]);
    return 77;
  }
  execv(argv[2], argv + 2);
  std::perror(argv[2]);
  return 1;
}
