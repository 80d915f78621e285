#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# freestanding.sh COMPILER ROOT WORK OPTION: builds tests/compile/freestanding with nothing but the
# compiler, looks at what came out, and runs it. What it shows: the library asks for no header that
# is not allowed, for no symbol but memcpy and its like, for no start-up of its own; and it works.
set -euo pipefail
compiler="$1" root="$2" work="$3" option="$4"
if [[ "$(uname -sm)" != "Linux x86_64" ]]; then
  echo "the start-up code is for Linux on x86-64"
  exit 77
fi

cd "$root"  # So that no path in what the compiler says has a blank.
source="tests/compile/freestanding/program.cpp" start="tests/examples/kernel/start.cpp"
flags=(-std=c++20 "$option" -ffreestanding -fno-exceptions -fno-rtti -fno-pie -Wall -Wextra
  -Wpedantic -Wconversion -Wshadow -Werror -Iinclude -Ishims -Itests)
mkdir -p "$work"
rm -f "$work"/{start.o,program.o,program.d} "$work/program"
fail() {
  echo "$1"
  exit 1
}

"$compiler" "${flags[@]}" -c "$start" -o "$work/start.o"
"$compiler" "${flags[@]}" -MMD -MF "$work/program.d" -c "$source" -o "$work/program.o"

# Of the headers of ours that it used, each keeps to the list, whatever brought it in.
mapfile -t used < <(
  tr ' \\' '\n\n' <"$work/program.d" | grep -E '^(include|shims)/' | sort -u
)
((${#used[@]} > 10)) || fail "only ${#used[@]} headers were found in $work/program.d"
bash tests/compile/check_includes.sh . "${used[@]}"

# Weak ones count too: the linker would make them null.
allowed=' memcpy memmove memset memcmp _ZN12freestanding4exitEi '
while read -r symbol; do
  [[ "$allowed" == *" $symbol "* ]] || fail "the library refers to $symbol"
done < <(nm -u "$work/program.o" | awk '{print $NF}')

"$compiler" -nostdlib -static "$work/start.o" "$work/program.o" -o "$work/program"
undefined="$(nm -u "$work/program")"
[[ -z "$undefined" ]] || fail "undefined: $undefined"
# Nobody runs constructors here, so there must be none; nor may there be anything of a run-time.
sections="$(objdump -h "$work/program")"
for section in .init_array .ctors .tdata .tbss .dynamic .interp .gcc_except_table; do
  ! grep -qF " $section " <<<"$sections" || fail "there is a section $section"
done

status=0
"$work/program" || status=$?
((status == 0)) || fail "exit code $status: $source:$status unless it is a named code"
echo "$(size "$work/program" | awk 'NR == 2 {print $1}') bytes of code, ${#used[@]} headers"
