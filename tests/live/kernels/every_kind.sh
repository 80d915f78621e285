#!/bin/sh
# SPDX-License-Identifier: MIT
#
# every_kind.sh RANDOM_CALLS OPERATIONS SEED [KIND...]: so many random calls of each kind alone with
# the basic ones, then of all kinds in the deep and in the crowded arena, or of these kinds alone;
# and at the end a line for all. Fails if one differs. For in_kernel, so for the shell of busybox.
random_calls="$1" operations="$2" seed="$3"
shift 3

ran=0
calls=0
mismatches=0
failed=""
deviations=0
compare() {
  name="$1"
  shift
  status=0
  said="$("$random_calls" "$@" --operations "$operations" --seed "$seed" --save /dev/null 2>&1)" ||
    status=$?
  last="$(echo "$said" | tail -n 1)"
  echo "$name: ${last#random_calls: }"
  ran=$((ran + 1))
  made="$(echo "$last" | sed -nE 's/^random_calls: (.* after )?([0-9]+) operations.*/\2/p')"
  met="$(echo "$last" | sed -nE 's/.* ([0-9]+) known deviations? met.*/\1/p')"
  calls=$((calls + ${made:-0}))
  deviations=$((deviations + ${met:-0}))
  if [ "$status" -ne 0 ]; then
    echo "$said"
    mismatches=$((mismatches + 1))
    failed="$failed $name"
  fi
}

for kind in ${*:-$("$random_calls" --help | sed -n 's/^kinds: //p')}; do
  # Memory of huge pages needs an arena that holds some.
  pages=48
  if [ "$kind" = huge_tlb ]; then pages=1536; fi
  compare "$kind" --kinds "basic,$kind" --arena-pages "$pages"
done
if [ $# -eq 0 ]; then
  compare deep --shape deep
  compare crowded --shape crowded
fi
echo "every_kind: $calls calls in $ran runs, seed $seed, $mismatches differ${failed:+:}$failed," \
  "$deviations known deviations met"
[ "$mismatches" -eq 0 ]
