#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# mutate_headers.sh MUTATE ROOT OUT COMPILER sources... -- headers...: the headers with their
# mutants in OUT. What does not compile is found by compiling the sources, and left out.
set -euo pipefail
mutate="$1" root="$2" out="$3" compiler="$4"
shift 4
mkdir -p "$out"
refused="$out/refused.txt"
[[ -e "$refused" ]] || : >"$refused"

checked=()
while [[ "$1" != -- ]]; do
  checked+=("$1")
  shift
done
shift
limit=-ferror-limit=0
if "$compiler" --version | grep -q 'Free Software'; then limit=-fmax-errors=0; fi
for _ in 1 2 3 4 5; do
  "$mutate" "$root" "$out" "$refused" -std=c++20 "-I$root/include" "-I$root/shims" -- "$@"
  said="$(mktemp)"
  status=0
  for source in "${checked[@]}"; do
    "$compiler" -std=c++20 -fsyntax-only -w -Wno-narrowing "$limit" "-I$out" \
      "-I$root/tests/mutation/include" "-I$root/include" "-I$root/shims" "-I$root/tests" \
      "$source" 2>>"$said" || status=1
  done
  if ((status == 0)); then
    rm "$said"
    exit 0
  fi
  "$mutate" --refuse "$out" <"$said" >>"$refused" || {
    cat "$said" >&2
    exit 1
  }
done
echo "mutate_headers.sh: mutants that do not compile are found again and again" >&2
exit 1
