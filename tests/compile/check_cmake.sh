#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# check_cmake.sh ROOT: what users' CMake reads says that 3.22 is enough, and uses nothing newer of
# what is tempting here. What only tests and benchmarks read may.
set -euo pipefail
cd "$1"

mapfile -t files < <(ls CMakeLists.txt cmake/*.cmake cmake/*.cmake.in | grep -v dependencies)
newer='FILE_SET|FIND_PACKAGE_ARGS|\bblock *\(|PROPAGATE|\$<LINK_(LIBRARY|GROUP):|\$<PATH:'
newer+='|\$<COMPILE_ONLY:|INTERFACE_HEADER_SETS|cmake_file_api|install *\( *PACKAGE_INFO'
newer+='|CMAKE_COMPILE_WARNING_AS_ERROR|COMPILE_WARNING_AS_ERROR|PROJECT_.*_DEPENDENCIES'
found="$(grep -nHE "$newer" "${files[@]}" || true)"
said="$(sed -n 's/^cmake_minimum_required(VERSION \([0-9.]*\)\.\.\..*/\1/p' CMakeLists.txt)"
echo "${#files[@]} files for CMake $said"
if [[ "$said" != 3.22 || -n "$found" ]]; then
  echo "newer than 3.22:"
  echo "$found"
  exit 1
fi
