#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# find_in_kernels.sh IN_KERNEL PROGRAM FAULTS: the comparison with a kernel of another series finds
# each planted fault of which the list says so, within 10,000 random operations with the options
# that it names; without the fault the same show no mismatch. Each kernel is booted once, and a line
# for it comes at the end.
set -euo pipefail
in_kernel="$1" program="$2" faults="$3"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# "SERIES FAULT OPTIONS" a line.
awk '$1 == "fault" { fault = $2 }
     $1 == "searched_in" { series = $2; sub(/^searched_in [^ ]+ /, ""); print series, fault, $0 }
' "$faults" | sort -s -V -k1,1 >"$work/searches"

# What the guest executes, whose shell is busybox's.
cat >"$work/search.sh" <<'END'
run() {
  status=0
  VMAREA_PLANTED="$1" "$program" --operations 10000 --save /dev/null $options >/said 2>&1 ||
    status=$?
}
program="$1"
while read -r fault options; do
  run ""
  if [ "$status" = 0 ]; then
    run "$fault"
    if [ "$status" = 1 ] && busybox grep -q '^MISMATCH with Linux' /said; then
      echo "found $fault"
      continue
    fi
    echo "NOT FOUND $fault: status $status"
  else
    echo "NOT FOUND $fault: without it, status $status"
  fi
  busybox tail -n 3 /said
done <"$2"
END

lines=()
failed=0
for series in $(cut -d' ' -f1 "$work/searches" | uniq); do
  sed -n "s/^$series //p" "$work/searches" >"$work/list"
  wanted="$(wc -l <"$work/list")"
  status=0
  said="$("$in_kernel" "$series" -- busybox sh "$work/search.sh" "$program" "$work/list" 2>&1 |
    tee >(cat >&2))" || status=$?
  found="$(grep -c '^found ' <<<"$said" || true)"
  if ((status == 77)); then
    lines+=("$series: $(tail -n 1 <<<"$said")")
  else
    lines+=("$series: $found of $wanted planted faults found")
    if ((found != wanted)); then failed=1; fi
  fi
done
echo
printf '%s\n' "${lines[@]}"
exit "$failed"
