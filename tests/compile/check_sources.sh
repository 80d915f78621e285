#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# check_sources.sh ROOT: the rules for sources that need no compiler. Prints each breach.
set -euo pipefail
export LC_ALL=C.UTF-8  # Columns are characters.
cd "$1"

breaches=0
breach() {
  echo "$1"
  breaches=$((breaches + 1))
}

top_level=' include shims tests bench cmake CMakeLists.txt CMakePresets.json LICENSE README.md '
for entry in *; do
  if [[ "$entry" != build && "$top_level" != *" $entry "* ]]; then
    breach "$entry: does not belong at the top level"
  fi
done

# The commands that the README promises.
for preset in demo test; do
  promise="cmake/setup.sh && cmake --workflow --preset $preset"
  if [[ -e README.md ]] && ! grep -qF "$promise" README.md; then
    breach "README.md: does not say \"$promise\""
  fi
done

# One version, in the two places that need it.
project_version="$(sed -n 's/^  VERSION \([0-9.]*\)$/\1/p' CMakeLists.txt)"
header_version="$(sed -n 's/^#define VMAREA_VERSION \([0-9]*\)$/\1/p' include/vmarea/vmarea.hpp)"
IFS=. read -r major minor patch <<<"$project_version"
if ((major * 10000 + minor * 100 + patch != header_version)); then
  breach "CMakeLists.txt has version $project_version, and VMAREA_VERSION is $header_version"
fi

mapfile -t sources < <(
  find CMakeLists.txt .ci cmake include shims tests bench -type f \
    \( -name '*.[ch]pp' -o -name '*.sh' -o -name '*.py' -o -name '*.cmake' -o -name '*.in' \
    -o -name CMakeLists.txt -o -path '.ci/*' \) | sort
)
mapfile -t headers < <(printf '%s\n' "${sources[@]}" | grep '\.hpp$')

while read -r file; do
  breach "$file: has no SPDX line at its head"
done < <(
  awk 'FNR == 1 { ok[FILENAME] = 0 }
       FNR <= 2 && /^(\/\/|#) SPDX-License-Identifier: MIT$/ { ok[FILENAME] = 1 }
       END { for (file in ok) if (!ok[file]) print file }' "${sources[@]}"
)
while read -r place; do
  breach "$place: is longer than 100 columns"
done < <(grep -nHE '^.{101}' "${sources[@]}" | cut -d: -f1,2)
while read -r file; do
  breach "$file: has no #pragma once"
done < <(grep -Lx '#pragma once' "${headers[@]}")
while read -r place; do
  breach "$place: speaks of planted faults, which only copies of the headers have"
done < <(grep -rnoi planted include shims)
while read -r lines file; do
  if [[ "$file" != total ]] && ((lines > 400)); then breach "$file: has more than 400 lines"; fi
done < <(wc -l "${headers[@]}")

echo "${#sources[@]} files, $breaches breaches"
exit $((breaches > 0))
