#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# translation_unit.sh COMPILER SOURCE TABLE: what a translation unit costs that includes the
# library, and one that maps, protects and unmaps; appended to TABLE. Seconds of the processor, the
# least of three; bytes of code.
set -euo pipefail

compiler="$1" source="$2" table="$3"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

cat >"$work/map.cpp" <<'END'
#include <map>
std::map<unsigned long, unsigned long> areas;
int main() { areas.emplace(1, 2); return static_cast<int>(areas.erase(1)); }
END
cat >"$work/include.cpp" <<'END'
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>
int main() {}
END
cat >"$work/use.cpp" <<'END'
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>
int main() {
  vmarea::AddressSpace<vmarea::shims::Userland> space;
  const auto at = space.mmap({.length = 0x10000});
  if (!at || !space.mprotect(*at, 0x1000, vmarea::prot::read)) return 1;
  return space.munmap(*at, 0x10000) ? 0 : 1;
}
END

seconds() {
  local least=''
  TIMEFORMAT='%U'
  for _ in 1 2 3; do
    local took
    took="$({ time "$compiler" -std=c++20 -O2 -DNDEBUG -I"$source/include" -I"$source/shims" \
      -c "$work/$1.cpp" -o "$work/$1.o"; } 2>&1)"
    if [[ -z "$least" ]] || awk "BEGIN{exit !($took < $least)}"; then least="$took"; fi
  done
  echo "$least"
}

{
  printf '\n| translation unit | compile time | code |\n|---|---|---|\n'
  for unit in 'map:of a std::map' 'include:that includes the library' \
    'use:that maps, protects and unmaps'; do
    name="${unit%%:*}"
    took="$(seconds "$name")"
    code="$(size "$work/$name.o" | awk 'NR == 2 {print $1}')"
    printf '| %s | %s s | %s bytes |\n' "${unit#*:}" "$took" "$code"
  done
} | tee -a "$table"
