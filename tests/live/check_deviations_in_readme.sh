#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# check_deviations_in_readme.sh FOLDER: FOLDER/README.md publishes every known deviation of
# FOLDER/known_deviations.txt, and no other.
set -euo pipefail
cd "$1"

listed="$(sed -n 's/^deviation: //p' known_deviations.txt | sort)"
published="$(
  sed -n '/^## Known deviations$/,/^## [^K]/ s/^\* \(.*\) (Linux[^)]*)$/\1/p' README.md | sort
)"
if [[ -z "$listed" || "$listed" != "$published" ]]; then
  echo "README.md and known_deviations.txt differ (<: README.md only, >: the other only):"
  diff <(echo "$published") <(echo "$listed") || true
  exit 1
fi
echo "$(wc -l <<<"$listed") known deviations are published"
