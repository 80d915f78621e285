#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# export.sh CMAKE GENERATOR COMPILER SOURCE WORK: a project that has vmarea as a part of its build
# exports and installs a target that links it, and another project uses that.
set -euo pipefail
cmake="$1" generator="$2" compiler="$3" source="$4" work="$5"
rm -rf "$work"
mkdir -p "$work/exporter" "$work/user"
cat >"$work/exporter/CMakeLists.txt" <<END_CMAKE
cmake_minimum_required(VERSION 3.22)
project(exporter CXX)
set(VMAREA_INSTALL ON)
add_subdirectory("$source" vmarea)
add_library(exporter INTERFACE)
target_link_libraries(exporter INTERFACE vmarea::shims)
install(TARGETS exporter EXPORT exporter)
install(EXPORT exporter NAMESPACE exporter:: FILE exporter-config.cmake DESTINATION share/exporter)
END_CMAKE
cat >"$work/user/CMakeLists.txt" <<END_CMAKE
cmake_minimum_required(VERSION 3.22)
project(user CXX)
find_package(vmarea REQUIRED COMPONENTS shims)
find_package(exporter REQUIRED)
add_executable(user "$source/tests/package/consumer/main.cpp")
target_link_libraries(user PRIVATE exporter::exporter)
target_compile_definitions(user PRIVATE CONSUMER_HAS_SHIMS)
END_CMAKE

configure() {
  "$cmake" -G "$generator" -S "$work/$1" -B "$work/$1/build" \
    "-DCMAKE_CXX_COMPILER=$compiler" "${@:2}"
}
configure exporter
"$cmake" --install "$work/exporter/build" --prefix "$work/prefix" >/dev/null
test -f "$work/prefix/share/doc/vmarea/LICENSE"
configure user "-DCMAKE_PREFIX_PATH=$work/prefix"
"$cmake" --build "$work/user/build"
"$work/user/build/user"
