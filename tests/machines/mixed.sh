#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# mixed.sh COMPILER SOURCE WORK RUN_ON: units that are compiled for different machines link, and
# each keeps functions of its own; a space that is handed from one to the other does not link,
# unless both say that theirs is the baseline's.
set -euo pipefail
compiler="$1" source="$2" work="$3" run_on="$4"
here="$source/tests/machines/mixed"
mkdir -p "$work"
compile=("$compiler" -std=c++20 -O1 -I"$source/include" -I"$source/shims" -c)

# unit NAME LEVEL: a unit compiled for that machine; an empty one where the compiler knows none.
highest=x86-64
unit() {
  local file="$work/$1.o"
  if "${compile[@]}" -march="$2" -x c++ /dev/null -o "$file" 2>"$work/said"; then
    "${compile[@]}" -march="$2" -DUNIT="$1" -DLEVEL="\"$2\"" "$here/unit.cpp" -o "$file"
    highest="$2"
  else
    "${compile[@]}" -x c++ -include "$here/unit.hpp" -o "$file" - <<<"const Unit $1 = {};"
  fi
}
unit baseline x86-64
unit v3 x86-64-v3
unit v4 x86-64-v4
"${compile[@]}" -march=x86-64 "$here/main.cpp" -o "$work/main.o"
# In either order, for the linker keeps the first of those that have one name.
units=("$work"/{baseline,v3,v4}.o)
"$compiler" "$work/main.o" "${units[@]}" -o "$work/mixed"
"$compiler" "$work/v4.o" "$work/v3.o" "$work/baseline.o" "$work/main.o" -o "$work/mixed_back"

# A space that one unit makes and the other changes.
cat >"$work/makes.cpp" <<'END_SOURCE'
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>
using Space = vmarea::AddressSpace<vmarea::shims::Userland>;
bool change(Space& space);
int main() {
  Space space;
  for (vmarea::Address at = 0x10000; at < 0x1000000; at += 0x2000) {
    if (!space.mmap({.address = at, .length = 0x1000})) return 1;
  }
  return change(space) && space.find(0x20000) == nullptr && space.find(0x22000) ? 0 : 1;
}
END_SOURCE
cat >"$work/changes.cpp" <<'END_SOURCE'
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>
bool change(vmarea::AddressSpace<vmarea::shims::Userland>& space) {
  return space.find(0x20000) != nullptr && space.munmap(0x20000, 0x1000).has_value();
}
END_SOURCE
hand_over() {
  "${compile[@]}" -march=x86-64 "$@" "$work/makes.cpp" -o "$work/makes.o"
  "${compile[@]}" -march=x86-64-v3 "$@" "$work/changes.cpp" -o "$work/changes.o"
  "$compiler" "$work/makes.o" "$work/changes.o" -o "$work/handed" 2>"$work/said"
}
if hand_over; then
  echo "a space of another machine was handed over"
  exit 1
fi
grep -q "undefined reference to .*change(vmarea::AddressSpace<vmarea::shims::baseline" "$work/said"
hand_over -DVMAREA_MACHINE=baseline

"$run_on" x86-64-v3 "$work/handed"

# A host that units for different machines share: it is told before anything goes wrong.
cat >"$work/shared.cpp" <<'END_SOURCE'
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>
struct Guest : vmarea::shims::UserlandOf<Guest> {};
bool UNIT() { return vmarea::AddressSpace<Guest>{}.mmap({.length = 0x1000}).has_value(); }
END_SOURCE
cat >"$work/shares.cpp" <<'END_SOURCE'
bool one();
bool other();
int main() { return one() && other() ? 0 : 1; }
END_SOURCE
# share LEVEL: both units make spaces of the host, one for x86-64.
share() {
  "${compile[@]}" -march=x86-64 -DUNIT=one "$work/shared.cpp" -o "$work/one.o"
  "${compile[@]}" -march="$1" -DUNIT=other "$work/shared.cpp" -o "$work/other.o"
  "${compile[@]}" "$work/shares.cpp" -o "$work/shares.o"
  "$compiler" "$work/shares.o" "$work/one.o" "$work/other.o" -o "$work/shares"
}
share x86-64
"$work/shares"
share x86-64-v3
if "$run_on" x86-64-v3 "$work/shares" >"$work/said" 2>&1; then
  if ! grep -q "^skipped" "$work/said"; then
    echo "a host of two machines was not noticed"
    exit 1
  fi
else
  grep -q "a host is compiled for .* and for .*: it belongs into an inline namespace" "$work/said"
fi
for program in mixed mixed_back; do "$run_on" "$highest" "$work/$program"; done
