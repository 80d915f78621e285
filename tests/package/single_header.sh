#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# single_header.sh CMAKE BUILD COMPILER SOURCE WORK: joins the headers in the build directory, and
# compiles and runs the consumer with nothing but each of the joined ones, in two units.
set -euo pipefail
cmake="$1" build="$2" compiler="$3" source="$4" work="$5"
rm -rf "$work"
mkdir -p "$work"
"$cmake" --build "$build" --target vmarea_single_header

fail() {
  echo "$1"
  exit 1
}
for name in vmarea vmarea_shims; do
  header="$build/single/$name.hpp"
  for line in '// SPDX-License-Identifier: MIT' '#pragma once'; do
    times="$(grep -cxF "$line" "$header" || true)"
    ((times == 1)) || fail "$name.hpp has $times times: $line"
  done
  [[ "$(head -n 1 "$header")" == *SPDX* ]] || fail "$name.hpp does not begin with its license"
  includes="$(grep -E '^[[:space:]]*#[[:space:]]*include' "$header")"
  twice="$(sort <<<"$includes" | uniq -d)"
  [[ -z "$twice" ]] || fail "$name.hpp includes twice: $twice"
  [[ "$includes" != *vmarea* ]] || fail "$name.hpp still includes headers of vmarea"

  flags=(-std=c++20 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -I"$build/single")
  if [[ "$name" == vmarea_shims ]]; then
    flags+=(-DCONSUMER_HAS_SHIMS)
    for shim in "$source"/shims/vmarea_shims/{,*/}*.hpp; do
      grep -qxF "// From ${shim#"$source/shims/"}" "$header" || fail "$name.hpp lacks $shim"
    done
  fi
  sed -e "s,<vmarea/vmarea.hpp>,\"$name.hpp\"," -e '/<vmarea_shims/d' \
    "$source/tests/package/consumer/main.cpp" >"$work/$name.cpp"
  echo "#include \"$name.hpp\"" >"$work/${name}_too.cpp"
  "$compiler" "${flags[@]}" "$work/$name.cpp" "$work/${name}_too.cpp" -o "$work/$name"
  "$work/$name"
done
