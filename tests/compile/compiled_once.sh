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

# A host of one's own, whose name has a comma: its header, its unit, and a unit that makes calls.
cat >"$work/guest.hpp" <<'END_SOURCE'
#include <vmarea/instantiate.hpp>
#include <vmarea_shims/userland.hpp>
namespace guest {
template <class Tag, int areas_max>
struct Host : vmarea::shims::UserlandOf<Host<Tag, areas_max>> {
  static vmarea::Limits limits() noexcept { return {.area_count_max = areas_max}; }
};
}  // namespace guest
VMAREA_EXTERN_SPACE(guest::Host<void, 2>)
END_SOURCE
echo '#include "guest.hpp"
VMAREA_COMPILED_SPACE(guest::Host<void, 2>)' >"$work/guest.cpp"
{
  echo '#include "guest.hpp"'
  sed -e '/^#include/d' -e 's/vmarea::shims::Userland/guest::Host<void, 2>/' "$work/use.cpp"
} >"$work/use_guest.cpp"
for unit in guest use_guest; do "${compile[@]}" "$work/$unit.cpp" -o "$work/$unit.o"; done
too_much="$(nm -C --defined-only "$work/use_guest.o" | grep -E "$calls" || true)"
if [[ -n "$too_much" ]]; then
  echo "A unit that makes calls on a host of its own compiles them, too:"
  echo "$too_much"
  exit 1
fi
"$compiler" "$work/use_guest.o" "$work/guest.o" -o "$work/use_guest"
"$work/use_guest"
echo "$elsewhere beats are compiled once"
