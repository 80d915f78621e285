#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# check_deviations_in_readme.sh ROOT: the README publishes every known deviation, and no other.
set -euo pipefail
cd "$1"

listed="$(sed -n 's/^deviation: //p' tests/live/known_deviations.txt | sort)"
published="$(
  sed -n '/known_deviations\.txt/,/^`follow`/ s/^\* \(.*\) (Linux[^)]*)$/\1/p' README.md | sort
)"
if [[ -z "$listed" || "$listed" != "$published" ]]; then
  echo "The README and tests/live/known_deviations.txt differ (<: README only, >: file only):"
  diff <(echo "$published") <(echo "$listed") || true
  exit 1
fi
echo "$(wc -l <<<"$listed") known deviations are published"
