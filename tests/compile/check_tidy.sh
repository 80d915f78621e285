#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# check_tidy.sh ROOT: the checks of .clang-tidy hold on every header, seen from one unit that
# includes them all and makes some calls. Releases differ in what they find, so only the one of
# Debian 12 decides; without it the test is skipped.
set -euo pipefail
cd "$1"

for tool in clang-tidy-14 clang-tidy none; do
  if "$tool" --version 2>/dev/null | grep -q 'version 14\.'; then break; fi
done
if [[ "$tool" == none ]]; then
  echo "clang-tidy 14 is not installed"
  exit 77
fi

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
mapfile -t headers < <(
  for root in include shims; do (cd "$root" && find . -name '*.hpp' | sed 's,^\./,,' | sort); done
)
declare -A needs=([vmarea/fmt.hpp]='fmt/format.h' [vmarea/gtest.hpp]='gtest/gtest.h')
{
  for header in "${headers[@]}"; do
    need="${needs[$header]:-$header}"
    printf '#if __has_include(<%s>)\n#include <%s>\n#endif\n' "$need" "$header"
  done
  cat <<'END'
int main() {
  vmarea::AddressSpace<vmarea::shims::Userland> space;
  const auto at = space.mmap({.length = 0x10000});
  if (!at || !space.mprotect(*at, 0x1000, vmarea::prot::read)) return 1;
  return space.munmap(*at, 0x10000) ? 0 : 1;
}
END
} >"$work/every_header.cpp"

if said="$("$tool" --quiet --config-file=.clang-tidy "$work/every_header.cpp" -- -std=c++20 \
  -Iinclude -Ishims 2>"$work/errors")"; then
  echo "${#headers[@]} headers hold what .clang-tidy asks"
  exit 0
fi
echo "$said"
cat "$work/errors"
exit 1
