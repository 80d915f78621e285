#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# docs.sh CMAKE BUILD: writes the pages of the headers, which fails at the first warning.
set -euo pipefail
if ! command -v doxygen >/dev/null; then
  echo "doxygen is not installed"
  exit 77
fi
rm -rf "$2/docs"
"$1" --build "$2" --target docs
test -s "$2/docs/html/classvmarea_1_1AddressSpace.html"
