#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# expect_followed.sh FOLLOW PROGRAM FAULT: following the program finds the planted fault where all
# areas are compared, and says since when it may be there; without the fault there is no mismatch.
set -euo pipefail
follow="$1" program="$2" fault="$3"

run() {
  status=0
  said="$(VMAREA_PLANTED="$1" "$follow" --quiet -- "$program" 2>&1)" || status=$?
}

stop() {
  echo "expect_followed.sh: $1"
  sed 's/^/  | /' <<<"$said" | tail -n 60
  exit 1
}

run ""
if ((status != 0)); then stop "status $status without a fault"; fi
run "$fault"
if ((status != 1)) || ! grep -q MISMATCH <<<"$said"; then stop "the fault $fault is not found"; fi
grep -E 'MISMATCH|equal after call' <<<"$said"
