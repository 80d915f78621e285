#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# compare.sh IN_KERNEL RANDOM_CALLS OPERATIONS SERIES... -- FOLLOWED...: random calls in a kernel of
# each series, with a seed of this second, then the command FOLLOWED, which follows programs there;
# and at the end a line for each. Fails if one differs; what could not be compared is said.
set -euo pipefail
in_kernel="$1" random_calls="$2" operations="$3"
shift 3
seed="$(date +%s)"

lines=()
failed=0
all_series=()
while [[ "$1" != -- ]]; do
  all_series+=("$1")
  shift
done
followed=("${@:2}")
for series in "${all_series[@]}"; do
  status=0
  said="$("$in_kernel" "$series" -- "$random_calls" --operations "$operations" --seed "$seed" \
    --save /dev/null 2>&1 | tee >(cat >&2))" || status=$?
  profile="$(sed -n 's/^random_calls: \(Linux .*, compared with .*\)$/\1/p' <<<"$said")"
  last="$(sed -n '$s/^[a-z_]*: //p' <<<"$said")"
  lines+=("$series: ${profile:+$profile: }$last")
  if ((status != 0 && status != 77)); then failed=1; fi
  status=0
  said="$("$in_kernel" "$series" -- "${followed[@]}" 2>&1 | tee >(cat >&2))" || status=$?
  lines+=("$series: $(tail -1 <<<"$said")")
  if ((status != 0 && status != 77)); then failed=1; fi
done
echo
printf '%s\n' "${lines[@]}"
exit "$failed"
