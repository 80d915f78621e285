#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# compiled_once.sh COMPILER SOURCE WORK: what is compiled once for a program is compiled nowhere
# else. Without optimisation a compiler emits all that it instantiates, so the symbols tell.
set -euo pipefail
compiler="$1" source="$2" work="$3"
mkdir -p "$work"
compile=("$compiler" -std=c++20 -O0 -I"$source/include" -I"$source/shims" -c)

# A space with all of its calls, whose changes are compiled elsewhere: a change that the list of
# them forgets would be compiled here.
cat >"$work/all.cpp" <<'END_SOURCE'
#include <vmarea/instantiate.hpp>
#include <vmarea_shims/userland.hpp>
VMAREA_EACH_CHANGE_TEMPLATE(extern, vmarea::shims::Userland)
VMAREA_EACH_SPACE_TEMPLATE(, vmarea::shims::Userland)
END_SOURCE
"${compile[@]}" "$work/all.cpp" -o "$work/all.o"
beats='vmarea::Change<.*>::(take|commit|complete)\(\)$'
forgotten="$(nm -C --defined-only "$work/all.o" | grep -E "$beats" || true)"
elsewhere="$(nm -C --undefined-only "$work/all.o" | grep -cE "$beats" || true)"
if [[ -n "$forgotten" ]] || ((elsewhere == 0)); then
  echo "$elsewhere beats are compiled elsewhere, and these are not:"
  echo "$forgotten"
  exit 1
fi

# A unit that makes calls, in one go and one beat at a time.
cat >"$work/use.cpp" <<'END_SOURCE'
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>
int main() {
  vmarea::AddressSpace<vmarea::shims::Userland> space;
  const auto at = space.mmap({.length = 0x10000});
  if (!at || !space.mprotect(*at, 0x1000, vmarea::prot::read)) return 1;
  auto change = space.plan_munmap(*at, 0x1000);
  if (!change.reserve() || !change.commit() || !change.finish()) return 1;
  return space.munmap(*at, 0x10000) ? 0 : 1;
}
END_SOURCE
"${compile[@]}" -DVMAREA_COMPILED_USERLAND "$work/use.cpp" -o "$work/use.o"
calls='::(plan_|reserve_|commit_|clear_)[a-z]*<|::(take|commit|complete|mmap|munmap|mprotect)\('
too_much="$(nm -C --defined-only "$work/use.o" | grep -E "$calls" || true)"
if [[ -n "$too_much" ]]; then
  echo "A unit that makes calls compiles them, too:"
  echo "$too_much"
  exit 1
fi
"${compile[@]}" "$source/shims/userland.cpp" -o "$work/userland.o"
"$compiler" "$work/use.o" "$work/userland.o" -o "$work/use"
"$work/use"
echo "$elsewhere beats are compiled once"
