#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# memory_sanitizer.sh ROOT WORK: the freestanding program, which makes the common calls, under
# clang's memory sanitizer: nothing decides by what was not written. That sanitizer takes what a C++
# library of a distribution writes for unwritten, so it can watch only what uses none.
set -euo pipefail
root="$1" work="$2"
if ! command -v clang++ >/dev/null; then
  echo "clang++ is not installed"
  exit 77
fi
mkdir -p "$work"
cat >"$work/main.cpp" <<'END'
#include <cstdlib>

#include "examples/kernel/start.hpp"

namespace freestanding {
[[noreturn]] void exit(int code) noexcept { std::_Exit(code); }
}  // namespace freestanding

int main() { return run(); }
END
clang++ -std=c++20 -O1 -g1 -fsanitize=memory -I"$root/include" -I"$root/shims" \
  -I"$root/tests" "$work/main.cpp" "$root/tests/compile/freestanding/program.cpp" \
  -o "$work/program"
"$work/program"
echo "memory_sanitizer.sh: no report"
