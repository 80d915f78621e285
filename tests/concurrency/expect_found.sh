#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# expect_found.sh PROGRAM CASE [FAULT]: the program finds something in this case, and says so. With
# a planted fault, it finds nothing without it.
set -euo pipefail
program="$1" case="$2" fault="${3:-}"

run() {
  status=0
  said="$(VMAREA_PLANTED="$1" timeout 100 "$program" "$case" 2>&1)" || status=$?
}

stop() {
  echo "expect_found.sh: $1"
  sed 's/^/  | /' <<<"$said" | tail -n 60
  exit 1
}

if [[ -n "$fault" ]]; then
  run ""
  if ((status != 0)); then stop "something is found without a fault"; fi
fi
run "$fault"
if ((status != 1)) || ! grep -q '^found: ' <<<"$said"; then stop "nothing is found"; fi
grep -E '^found: |^replay: |^planted fault' <<<"$said"
