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
if said="$("$tool" --dry-run -Werror "${sources[@]}" 2>&1)"; then
  echo "${#sources[@]} files are formatted"
  exit 0
fi
mapfile -t unformatted < <(
  sed -n 's/^\([^: ]*\):[0-9]*:[0-9]*: error: code should be.*/\1/p' <<<"$said" | sort -u
)
if ((${#unformatted[@]} > 0)); then
  echo "To be formatted: $tool -i ${unformatted[*]}"
else
  echo "$said"
fi
exit 1
