#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# same_digest.sh PROGRAM...: runs each, and fails unless all print the same line "digest ...".
set -euo pipefail

first=""
for program in "$@"; do
  digest=$("$program" | grep '^digest ') || { echo "$program failed or printed no digest"; exit 1; }
  echo "$program: $digest"
  first=${first:-$digest}
  if [[ $digest != "$first" ]]; then
    echo "not the same as the first"
    exit 1
  fi
done
