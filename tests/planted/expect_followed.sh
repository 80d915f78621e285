#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# expect_followed.sh FOLLOW PROGRAM FAULT WHERE: following the program finds the planted fault where
# all areas are compared, and says since when it may be there; or, if WHERE is "call: ", at the call
# that it is about. Without the fault there is no mismatch.
# With --keep-going the program runs to its end, and the answer is the same. The life that is
# written, as data and as a picture, says it each time. Skipped (77) where identities, of which
# alone touched_areas speaks, are not seen.
set -euo pipefail
follow="$1" program="$2" fault="$3" where="$4"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT

# run FAULT OPTION...
run() {
  status=0
  said="$(VMAREA_PLANTED="$1" "$follow" "${@:2}" --quiet --json="$folder/json" \
    --svg="$folder/svg" -- "$program" 2>&1)" || status=$?
}

stop() {
  echo "expect_followed.sh: $1"
  sed 's/^/  | /' <<<"$said" | tail -n 60
  exit 1
}

# expect_told VERDICT: what the files say.
expect_told() {
  if ! tail -n 1 "$folder/json" | grep -q "^{\"event\":\"end\",.*\"verdict\":\"$1\""; then
    stop "the verdict told is not $1"
  fi
  if [[ $1 == mismatch ]] && ! grep -q '^{"event":"mismatch",' "$folder/json"; then
    stop "no mismatch is told"
  fi
  if [[ $1 == mismatch ]] && ! grep -q '[1-9][0-9]* mismatch[es]* between' "$folder/svg"; then
    stop "no mismatch is drawn"
  fi
}

run ""
if [[ $program == */touched_areas ]] && grep 'identities are not seen' <<<"$said"; then exit 77; fi
if ((status != 0)); then stop "status $status without a fault"; fi
expect_told equal
run "$fault"
if ((status != 1)) || ! grep -q MISMATCH <<<"$said"; then stop "the fault $fault is not found"; fi
expect_told mismatch
grep -E 'MISMATCH|equal after call' <<<"$said"
if [[ -z $where ]] && ! grep -q 'equal after call' <<<"$said"; then
  stop "it is not found away from the call"
elif [[ -n $where ]] && grep -q 'equal after call\|: exit' <<<"$said"; then
  stop "it is found late"
fi
run "$fault" --keep-going
if ((status != 1)) || grep -qE 'ended by signal|exited with' <<<"$said"; then
  stop "status $status with --keep-going"
fi
expect_told mismatch
grep 'calls of' <<<"$said"
