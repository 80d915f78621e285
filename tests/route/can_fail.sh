#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# can_fail.sh COMPILER: route.sh counts what it prints as the route, accepts that as a limit, and
# refuses one less, and whatever else would be no check, by the words that belong to it.
set -euo pipefail
compiler="$1"
here="$(dirname "${BASH_SOURCE[0]}")"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

source "$here/../support/judge.sh"
check() { bash "$here/route.sh" --compiler "$compiler" "$@"; }

# Counted once more, by other means.
said="$(check --verbose mprotect)" || {
  status=$?
  echo "$said"
  exit "$status"
}
sed -n 's/^ *\([a-z_/]*\.hpp\):[0-9]*: .*/\1/p' <<<"$said" >"$work/headers"
files=$(sort -u "$work/headers" | wc -l)
changes=$(($(uniq "$work/headers" | wc -l) - 1))
figures="mprotect: $files files, $changes changes of file"

judge 0 "$figures" mprotect "$files" "$changes"
judge 1 "mprotect: $files files, and $((files - 1)) is the limit" \
  mprotect $((files - 1)) "$changes"
judge 1 "mprotect: $changes changes of file, and $((changes - 1)) is the limit" \
  mprotect "$files" $((changes - 1))
judge 0 "mprotect: $files files, so the limit of $((files + 1)) can be lowered" \
  mprotect $((files + 1)) "$changes"

echo "mprotect $((files - 1)) $changes  # A goal." >"$work/limits"
judge 1 "mprotect: $files files, and $((files - 1)) is the limit" --limits "$work/limits"
echo "# Nothing is limited." >"$work/limits"
judge 2 "route.sh: $work/limits has no limit" --limits "$work/limits"
judge 2 "route.sh: mprotect: one limit is missing" mprotect "$files"
judge 2 "route.sh: mprotcet could not be traced" mprotcet "$files" "$changes"
judge 1 "mprotect: that is no route" --left-out . mprotect "$files" "$changes"

echo "$failures failures"
exit $((failures > 0))
