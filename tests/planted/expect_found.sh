#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# expect_found.sh PROGRAM KINDS FAULT: the comparison with the running kernel finds the planted
# fault within 10,000 random operations of these kinds, and says so as a mismatch; without the fault
# the same operations show none. Memory of huge pages needs the arena that holds some.
set -euo pipefail
program="$1" kinds="$2" fault="$3"
shape=small
if [[ "$kinds" == *huge_tlb* ]]; then shape=deep; fi

run() {
  status=0
  said="$(VMAREA_PLANTED="$1" "$program" --operations 10000 --shape "$shape" --kinds "$kinds" \
    --save /dev/null 2>&1)" || status=$?
}

stop() {
  echo "expect_found.sh: $1"
  sed 's/^/  | /' <<<"$said" | tail -n 60
  exit 1
}

run ""
if ((status == 77)); then exit 77; fi
if ((status != 0)); then stop "a mismatch without a fault"; fi
run "$fault"
if ((status != 1)) || ! grep -q '^MISMATCH with Linux' <<<"$said"; then
  stop "the fault $fault is not found"
fi
grep -E '^MISMATCH|calls are enough|^  >|^random_calls' <<<"$said"
