#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# meson.sh COMPILER SOURCE PREFIX WORK VERSION: a Meson project uses vmarea, as a subproject made of
# a source archive and the file in cmake/packaging/meson, and as installed below the prefix.
set -euo pipefail
compiler="$1" source="$2" prefix="$3" work="$4" version="$5"
if ! command -v meson >/dev/null; then
  echo "meson is not installed"
  exit 77
fi
rm -rf "$work"
for way in subproject installed; do
  mkdir -p "$work/$way"
  cp "$source/tests/package/consumer/main.cpp" "$work/$way"
  cat >"$work/$way/meson.build" <<'MESON'
project('consumer', 'cpp', default_options: ['cpp_std=c++20', 'werror=true', 'warning_level=3'])
foreach part : get_option('parts')
  dependency = dependency('vmarea-' + part, version: get_option('wanted'))
  flags = part == 'core' ? [] : ['-DCONSUMER_HAS_SHIMS']
  flags += part == 'userland' ? ['-DCONSUMER_WANTS_COMPILED'] : []
  program = executable(part, 'main.cpp', dependencies: dependency, cpp_args: flags)
  test(part, program)
endforeach
MESON
  cat >"$work/$way/meson_options.txt" <<'MESON'
option('parts', type: 'array')
option('wanted', type: 'string')
MESON
done

files="$work/subproject/subprojects/packagefiles"
mkdir -p "$files/vmarea"
cp "$source/cmake/packaging/meson/meson.build" "$files/vmarea"
tar -C "$source" --transform 's,^,vmarea/,' -czf "$files/vmarea.tar.gz" include shims
cat >"$work/subproject/subprojects/vmarea.wrap" <<WRAP
[wrap-file]
directory = vmarea
source_filename = vmarea.tar.gz
source_hash = $(sha256sum "$files/vmarea.tar.gz" | cut -d' ' -f1)
patch_directory = vmarea
[provide]
dependency_names = vmarea-core, vmarea-shims, vmarea-userland
WRAP

build() {
  CXX="$compiler" PKG_CONFIG_LIBDIR="$3" meson setup "$work/$1/build" "$work/$1" "-Dparts=$2" \
    "-Dwanted==$version"
  meson test -C "$work/$1/build" --print-errorlogs
}
build subproject core,shims,userland /nowhere
if command -v pkg-config >/dev/null; then
  build installed core,shims "$prefix/share/pkgconfig"
fi
