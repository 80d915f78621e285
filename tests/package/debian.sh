#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# debian.sh CPACK BUILD PREFIX WORK VERSION: makes the Debian package of the build directory. It
# must hold what was installed below PREFIX, file by file, and fit every machine.
set -euo pipefail
cpack="$1" build="$2" prefix="$3" work="$4" version="$5"
if ! command -v dpkg-deb >/dev/null; then
  echo "dpkg-deb is not installed"
  exit 77
fi
rm -rf "$work"
"$cpack" --config "$build/CPackConfig.cmake" -G DEB -B "$work"
package="$work/libvmarea-dev_${version}_all.deb"

fields="$(dpkg-deb -f "$package" Package Version Architecture Depends)"
wanted="$(printf 'Package: libvmarea-dev\nVersion: %s\nArchitecture: all' "$version")"
if [[ "$fields" != "$wanted" ]]; then
  echo "The package says of itself:"
  echo "$fields"
  exit 1
fi
dpkg-deb -x "$package" "$work/unpacked"
diff -r "$work/unpacked/usr" "$prefix"
dpkg-deb -c "$package" | tail -n 3
