#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# expect_caught.sh PROGRAM FILTER FAULT: the tests of the filter pass without the planted fault, and
# fail with it for a right reason: a failed expectation, a broken promise, or a sanitizer's report.
# A crash, a usage error or a filter that selects nothing is none. What threads meet is chance, and
# on a busy machine they meet seldom: a fault that they do not catch gets a few runs more.
set -euo pipefail
program="$1" filter="$2" fault="$3"

stop() {
  echo "expect_caught.sh: $1"
  sed 's/^/  | /' <<<"$said" | tail -n 60
  exit 1
}

run() {
  status=0
  said="$(VMAREA_PLANTED="$1" "$program" --gtest_filter="$filter" 2>&1)" || status=$?
}

run ""
if ((status != 0)); then stop "fails without a fault"; fi
if ! grep -qE '^\[  PASSED  \] [1-9][0-9]* test' <<<"$said"; then stop "no test is selected"; fi

runs_max=1
if [[ "${program##*/}" == planted_concurrency ]]; then runs_max=6; fi
for ((runs = 1; runs <= runs_max; ++runs)); do
  run "$fault"
  if ((status != 0)); then break; fi
done
if ((status == 0)); then stop "the fault $fault is not caught"; fi
if ((status == 1)) && grep -q '^\[  FAILED  \] ' <<<"$said"; then
  reason="failed expectation"
elif grep -qE 'ERROR: AddressSanitizer|runtime error: ' <<<"$said"; then
  reason="sanitizer"
elif ((status == 134)) && grep -q 'broken promise: ' <<<"$said"; then
  reason="broken promise"
else
  stop "the fault $fault ends the program with $status, which is no right reason"
fi
echo "caught in run $runs: $reason"
grep -E -m 4 'Failure$|broken promise|Error|^planted' <<<"$said" || true
