#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# expect_found.sh PROGRAM CASE [FAULT]: the program finds something in this case, where it breaks a
# promise or a fault is planted, and says so. A crash that it does not report is none.
set -euo pipefail
program="$1" case="$2" fault="${3:-}"

status=0
said="$(VMAREA_PLANTED="$fault" timeout 100 "$program" "$case" 2>&1)" || status=$?
if ((status != 1)) || ! grep -q '^found: ' <<<"$said"; then
  echo "expect_found.sh: nothing is found in $case, and the program ends with $status"
  sed 's/^/  | /' <<<"$said" | tail -n 60
  exit 1
fi
grep -E '^found: |^replay: |^planted fault' <<<"$said"
