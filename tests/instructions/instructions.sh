#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# instructions.sh [OPTION...] [LOOP [LIMIT]]...: how many instructions a loop takes each time round,
# counted by callgrind, so that it is the same on a busy machine. Fails where that is more than 2 %
# above its limit. Without a LOOP, all that there are.
#
#   bash tests/instructions/instructions.sh mprotect_there_and_back
#
#   --limits FILE        takes LOOP LIMIT from its lines, too; "#" begins a comment
#   --compiler COMPILER  g++ if none is named; limits hold for the version that made them
#   --options OPTIONS    what it is given: -O2 -DNDEBUG
set -euo pipefail
tolerance_percent=2

source "$(dirname "${BASH_SOURCE[0]}")/../support/limits.sh"
option=([compiler]=g++ [options]="-O2 -DNDEBUG")
read_asked "$@"  # LOOP, or LOOP LIMIT.

command -v valgrind >/dev/null || skip "valgrind is not installed"
compiler="${option[compiler]}"
macros="$("$compiler" -dM -E -x c++ /dev/null)"
if [[ "$asked" =~ [[:space:]][0-9] ]]; then
  if [[ "$macros" != *"__GNUC__ 12"* || "$macros" == *__clang__* ]]; then
    skip "the limits are those of g++ 12, and $compiler is not that"
  fi
  [[ "$(uname -m)" == x86_64 ]] || skip "the limits are those of x86-64"
fi

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
program="$work/instruction_program"
# shellcheck disable=SC2086  # Several options.
"$compiler" -std=c++20 ${option[options]} -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror \
  -Iinclude -Ishims tests/instructions/instruction_program.cpp -o "$program"
[[ "$asked" == *[![:space:]]* ]] || asked="$("$program")"

failures=0
while read -r loop limit rest; do
  [[ -n "$loop" ]] || continue
  [[ -z "$rest" && "$limit" != *[!0-9]* ]] || stop "\"$loop $limit $rest\" is no LOOP LIMIT"
  rounds="$(valgrind --tool=callgrind --callgrind-out-file=/dev/null --collect-atstart=no \
    --toggle-collect='*measured*' "$program" "$loop" 2>"$work/said")" || {
    cat "$work/said" >&2
    stop "$loop could not be run"
  }
  counted="$(sed -n 's/.*Collected : \([0-9]*\)$/\1/p' "$work/said")"
  [[ -n "$counted" && "$counted" -gt 0 && "$rounds" -gt 0 ]] || stop "nothing of $loop was counted"
  each=$(((counted + rounds / 2) / rounds))
  echo "$loop: $each instructions"
  [[ -n "$limit" ]] || continue
  if ((each * 100 > limit * (100 + tolerance_percent))); then
    echo "$loop: $each instructions, more than $tolerance_percent % above $limit"
    failures=$((failures + 1))
  elif ((each * 100 < limit * (100 - tolerance_percent))); then
    echo "$loop: $each instructions, so the limit of $limit can be lowered"
  fi
done <<<"$asked"
exit $((failures > 0))
