#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# each_has_a_fault.sh PROGRAM FAULTS: every test of the program is named by some fault of the list,
# so that none is there that was never seen to fail.
set -euo pipefail

mapfile -t filters < <(sed -n 's/^caught_by //p' "$2")
suite='' tests=0 missing=0
while IFS= read -r line; do
  if [[ "$line" != ' '* ]]; then
    suite="$line"
    continue
  fi
  name="$suite${line# }"
  tests=$((tests + 1))
  for filter in "${filters[@]}"; do
    # shellcheck disable=SC2053 -- The filter is a pattern.
    if [[ "$name" == $filter ]]; then continue 2; fi
  done
  echo "$name: no planted fault is caught by it"
  missing=$((missing + 1))
done < <("$1" --gtest_list_tests | sed -n 's/^\([^ ]*\.\)$/\1/p; s/^  \(.*\)$/ \1/p')
echo "$tests tests, $missing without a fault"
exit $((tests == 0 || missing > 0))
