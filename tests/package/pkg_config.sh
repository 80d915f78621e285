#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# pkg_config.sh COMPILER PREFIX SOURCE OUTPUT VERSION PACKAGE FLAG...: compiles and runs a consumer
# with nothing but what pkg-config prints for the package under the prefix; once more with the calls
# compiled apart, where the package has their source.
set -euo pipefail
compiler="$1" prefix="$2" source="$3" output="$4" version="$5" package="$6"
shift 6
if ! command -v pkg-config >/dev/null; then
  echo "pkg-config is not installed"
  exit 77
fi

export PKG_CONFIG_LIBDIR="$prefix/share/pkgconfig"
found="$(pkg-config --modversion "$package")"
if [[ "$found" != "$version" ]]; then
  echo "$package says it is version $found instead of $version"
  exit 1
fi
eval "flags=($(pkg-config --cflags --libs "$package"))"  # It quotes for the shell.
echo "pkg-config: ${flags[*]}"
"$compiler" -std=c++20 "$@" "$source" "${flags[@]}" -o "$output"
"$output"

calls="$(pkg-config --variable=userland_source "$package")"
if [[ -n "$calls" ]]; then
  "$compiler" -std=c++20 "$@" -DVMAREA_COMPILED_USERLAND "$source" "$calls" "${flags[@]}" \
    -o "$output"
  "$output"
elif [[ "$package" == vmarea-shims ]]; then
  echo "$package does not say where the calls are"
  exit 1
fi
