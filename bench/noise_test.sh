#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# noise_test.sh BENCH: a cell of the tables has a number where the fixed loop was quiet, and the
# word noisy where it was not: the minimum and the median each by its own. The noise is pretended,
# so that the outcome does not depend on the machine.
set -euo pipefail

bench="$1" failures=0
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
number='\**[0-9]+\.?[0-9]*\**'

# expect LEAST,MOSTLY CELL HEAD CONSOLE [OPTION]: patterns for the first cell of the row, for what
# stands above the tables, and for what Google Benchmark says.
expect() {
  local row cell
  "$bench" --short --markdown "--pretend-noise=$1" --benchmark_filter='^publish/holes/1000/' \
    "${@:5}" >"$work/table.md" 2>"$work/console"
  row="$(grep '^| copy-and-publish' "$work/table.md")"
  cell="$(cut -d'|' -f3 <<<"$row")"
  if [[ ! "$cell" =~ ^\ $2\ \(1\.35\)\ $ ]]; then
    echo "noise $1: the cell is \"$cell\" instead of \"$2\""
    failures=$((failures + 1))
  fi
  if ! grep -qE "$3" "$work/table.md"; then
    echo "noise $1: the head does not say \"$3\""
    failures=$((failures + 1))
  fi
  if ! grep -qE "$4" "$work/console"; then
    echo "noise $1: the console does not say \"$4\""
    failures=$((failures + 1))
  fi
}

console='published \(median\)=[0-9]'
expect 0,0 "$number, $number" 'too noisy 0 of 1; .* too noisy 0 of 1:' "$console"
# In one round the minimum is the median, and both are still told.
expect 0,0 "$number, $number" 'too noisy 0 of 1; .* too noisy 0 of 1:' "$console" --rounds=1
expect 0.29,0.29 "$number, $number" 'too noisy 0 of 1; .* too noisy 0 of 1:' "$console"
expect 0.00,0.31 "$number, noisy" 'too noisy 0 of 1; .* too noisy 1 of 1:' 'median 0.31: too noisy'
expect 0.31,0.31 'noisy, noisy' 'too noisy 1 of 1; .* too noisy 1 of 1:' 'noise 0.31.*too noisy'
if grep -q 'published=' "$work/console"; then
  echo "the console shows a number that is too noisy"
  failures=$((failures + 1))
fi
if "$bench" --smoke --rounds=0 2>"$work/console" ||
  ! grep -q 'a number above 0' "$work/console"; then
  echo "no rounds at all are not refused"
  failures=$((failures + 1))
fi
echo "$failures failures"
exit $((failures > 0))
