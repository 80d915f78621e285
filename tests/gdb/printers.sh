#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# printers.sh PROGRAM PRINTERS WORK: gdb prints the values of PROGRAM as PROGRAM itself does.
set -euo pipefail
program="$1" printers="$2" work="$3"

if ! gdb -q -batch -nx -ex 'python print("has python")' 2>/dev/null | grep -qx 'has python'; then
  echo "there is no gdb with Python"
  exit 77
fi
mkdir -p "$work"
rm -f "$work"/{expected,gdb,found,diff}

values=(at done refused errors.each every_flag no_flag protection range special empty space)
commands=(-ex 'set pagination off' -ex 'set print elements 0' -ex "source $printers"
  -ex 'break compare' -ex "run >'$work/expected'" -ex 'up')
for value in "${values[@]}"; do commands+=(-ex "echo value:" -ex "print $value"); done
gdb -q -batch -nx "${commands[@]}" "$program" >"$work/gdb" 2>&1 || true

# An area a line; the rest as it is.
sed -n 's/^value:\$[0-9]* = //p' "$work/gdb" |
  sed 's/ = {\(.*\)}$/ = {\n\1\n}/; s/, \([0-9a-f]*-\)/\n\1/g' >"$work/found"
if grep -qi 'could not trace\|ptrace: operation not permitted' "$work/gdb"; then
  echo "gdb may not trace a program here"
  exit 77
fi
lines="$(wc -l <"$work/found")"
if diff "$work/expected" "$work/found" >"$work/diff" && ((lines > 300)); then
  echo "gdb prints $lines lines as the library does"
  exit 0
fi
head -n 20 "$work/diff"
grep -v '^value:' "$work/gdb"
exit 1
