#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# translation_unit.sh COMPILER SOURCE TABLE: what a translation unit costs that includes the
# library, and one that maps, protects and unmaps, by itself and with the calls compiled once for
# the program; appended to TABLE. Seconds of the processor, the least of five, taken in turns; bytes
# of code.
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

cp "$work/use.cpp" "$work/compiled.cpp"

units=('map:of a std::map' 'include:that includes the library'
  'use:that maps, protects and unmaps' 'compiled:the same with vmarea::userland'
  'userland:vmarea::userland, once')
cp "$source/shims/userland.cpp" "$work"
TIMEFORMAT='%U'
declare -A least
for _ in 1 2 3 4 5; do
  for unit in "${units[@]}"; do
    name="${unit%%:*}"
    flags=(-std=c++20 -O2 -DNDEBUG "-I$source/include" "-I$source/shims")
    if [[ "$name" == compiled ]]; then flags+=(-DVMAREA_COMPILED_USERLAND); fi
    took="$({ time "$compiler" "${flags[@]}" -c "$work/$name.cpp" -o "$work/$name.o"; } 2>&1)"
    if [[ -z "${least[$name]:-}" ]] || awk "BEGIN{exit !($took < ${least[$name]})}"; then
      least[$name]="$took"
    fi
  done
done

{
  printf '\n| translation unit | compile time | code |\n|---|---|---|\n'
  for unit in "${units[@]}"; do
    name="${unit%%:*}"
    code="$(size "$work/$name.o" | awk 'NR == 2 {print $1}')"
    printf '| %s | %s s | %s bytes |\n' "${unit#*:}" "${least[$name]}" "$code"
  done
} | tee -a "$table"
