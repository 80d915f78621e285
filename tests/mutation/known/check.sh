#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# check.sh MUTATE KNOWN OUT: the mutants of the sample in KNOWN are those of the list there.
set -euo pipefail
mutate="$1" known="$2" out="$3"
"$mutate" "$known" "$out" /dev/null -std=c++20 "-I$known/include" -- "$known/include/sample.hpp"
diff "$known/mutants.txt" "$out/mutants.txt"
