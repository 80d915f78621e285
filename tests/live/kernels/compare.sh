#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# compare.sh IN_KERNEL RANDOM_CALLS OPERATIONS OF_A_KIND SERIES... -- FOLLOWED...: random calls in a
# kernel of each series, with a seed of this second, then so many of each kind, then the command
# FOLLOWED, which follows programs there; and at the end a line for each. Fails if one differs; what
# could not be compared is said.
set -euo pipefail
in_kernel="$1" random_calls="$2" operations="$3" of_a_kind="$4"
shift 4
every_kind="$(dirname "${BASH_SOURCE[0]}")/every_kind.sh"
seed="$(date +%s)"

lines=()
failed=0
all_series=()
while [[ "$1" != -- ]]; do
  all_series+=("$1")
  shift
done
followed=("${@:2}")

# run SERIES COMMAND...: shows what is said there, and keeps its last line.
run() {
  local status=0 said
  said="$("$in_kernel" "$1" -- "${@:2}" 2>&1 | tee >(cat >&2))" || status=$?
  lines+=("$1: $(tail -1 <<<"$said")")
  if ((status != 0 && status != 77)); then failed=1; fi
}

for series in "${all_series[@]}"; do
  status=0
  said="$("$in_kernel" "$series" -- "$random_calls" --operations "$operations" --seed "$seed" \
    --save /dev/null 2>&1 | tee >(cat >&2))" || status=$?
  profile="$(sed -n 's/^random_calls: \(Linux .*, compared with .*\)$/\1/p' <<<"$said")"
  last="$(sed -n '$s/^[a-z_]*: //p' <<<"$said")"
  lines+=("$series: ${profile:+$profile: }$last")
  if ((status != 0 && status != 77)); then failed=1; fi
  run "$series" busybox sh "$every_kind" "$random_calls" "$of_a_kind" "$seed"
  run "$series" "${followed[@]}"
done
echo
printf '%s\n' "${lines[@]}"
exit "$failed"
