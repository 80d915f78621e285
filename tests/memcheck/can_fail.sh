#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# can_fail.sh COMPILER: memcheck.sh refuses a program that decides by what it has not written, one
# that leaves memory behind, and one that fails; it passes one that does none of it.
set -euo pipefail
compiler="$1"
here="$(dirname "${BASH_SOURCE[0]}")"
source "$here/../support/judge.sh"
check() { bash "$here/memcheck.sh" "$@"; }

if ! command -v valgrind >/dev/null; then
  echo "valgrind is not installed"
  exit 77
fi
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
# program NAME STATEMENTS
program() {
  printf '#include <cstdlib>\n#include <new>\nint main() {\n%s\n}\n' "$2" >"$work/$1.cpp"
  "$compiler" -g1 -O0 -o "$work/$1" "$work/$1.cpp"
}
program good 'int* volatile at = new int(7); const int is = *at; delete at; return is - 7;'
program unwritten 'int* volatile at = new int; if (*at == 7) return 1; delete at; return 0;'
program behind 'int* volatile at = new int(7); *at = 8; at = nullptr; return 0;'
program over 'char* volatile at = new char[8]; at[8] = 1; delete[] at; return 0;'
program failing 'return 1;'

judge 0 "memcheck.sh: 1 programs, no report" "$work/good"
judge 1 "unwritten: FAILED" "$work/unwritten"
judge 1 "behind: FAILED" "$work/behind"
judge 1 "over: FAILED" "$work/over"
judge 1 "failing: FAILED" "$work/failing"
judge 1 "memcheck.sh: of 2 programs some failed" "$work/good" "$work/behind"
judge 2 "memcheck.sh: no program is named"
exit $((failures > 0))
