#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# tables.sh [MARCH ...]: builds the benchmarks once for each and writes their tables in markdown to
# standard output, one after the other; by default for the baseline, x86-64-v3 and native. BENCH
# holds the options of the runs instead of --short. What this machine cannot run is left out.
set -euo pipefail
cd "$(dirname "$0")/.."

if (($# == 0)); then set -- baseline x86-64-v3 native; fi
read -ra options <<<"${BENCH---short}"
for march in "$@"; do
  flag="${march#baseline}"
  tree="build/bench-$march"
  {
    cmake --preset bench -B "$tree" "-DVMAREA_BENCH_MARCH=$flag"
    cmake --build "$tree" --target vmarea_bench
  } >&2
  if ! "$tree/bench/vmarea_bench" --smoke >/dev/null 2>&1; then
    echo "$march: does not run here" >&2
    continue
  fi
  printf '### %s\n\n' "$march"
  "$tree/bench/vmarea_bench" "${options[@]}" --markdown
  echo
done
