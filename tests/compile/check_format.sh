#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# check_format.sh ROOT: every source is as clang-format leaves it. Releases differ in what they
# make of one .clang-format, so only the one of Debian 12 decides; without it the test is skipped.
set -euo pipefail
cd "$1"

for tool in clang-format-14 clang-format none; do
  if "$tool" --version 2>/dev/null | grep -q 'version 14\.'; then break; fi
done
if [[ "$tool" == none ]]; then
  echo "clang-format 14 is not installed"
  exit 77
fi

mapfile -t sources < <(find include shims tests bench -name '*.[ch]pp' | sort)
unformatted=()
for file in "${sources[@]}"; do
  "$tool" --dry-run -Werror "$file" 2>/dev/null || unformatted+=("$file")
done
echo "${#sources[@]} files, ${#unformatted[@]} to be formatted"
if ((${#unformatted[@]} > 0)); then
  echo "$tool -i ${unformatted[*]}"
  exit 1
fi
