#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# check_includes.sh ROOT [HEADER...]: the core, and those shims without which a core user has no
# tree, include only freestanding standard headers and each other; so do the HEADERs, which are what
# a freestanding program really used. A header that brings the library together with another one is
# optional: it may include that, and no other header may include it. And each room of the core
# includes only those below it. Prints every include that is not allowed.
set -euo pipefail
cd "$1"
shift

standard='cstddef|cstdint|limits|concepts|type_traits|compare|bit|new|initializer_list|version'
standard+='|utility|atomic|iterator|climits'

# offenders OWN FILE...: the includes that are neither standard nor below one of the roots OWN.
offenders() {
  local own="$1"
  shift
  grep -nHE '^[[:space:]]*#[[:space:]]*(include|import)' "$@" |
    grep -vE "#[[:space:]]*include[[:space:]]*(<($standard)>|[<\"]($own)/[a-z0-9_/]+\.hpp[>\"])" ||
    true
}

# What each optional header may include beside the library.
declare -A optional=(
  [hash]='<functional>'
  [ranges]='<ranges>'
  [string]='<string>'
  [ostream]='<ostream>'
  [fmt]='<(string|string_view|fmt/format\.h)>'
  [gtest]='<(string|string_view|vector|ostream|gtest/gtest\.h)>'
)
any_optional="$(IFS='|' && echo "${!optional[*]}")"
optional_offenders() {
  local header
  for header in "${!optional[@]}"; do
    offenders vmarea "include/vmarea/$header.hpp" /dev/null |
      grep -vE "include ${optional[$header]}\$" || true
  done
  grep -nHE "[<\"]vmarea/($any_optional)\.hpp" "${core[@]}" || true
}

mapfile -t core < <(
  find include -name '*.hpp' | grep -vE "^include/vmarea/($any_optional)\.hpp$"
)

# The freestanding shims, and whatever they reach.
mapfile -t shims < <(
  ls shims/vmarea_shims/{area_lock,atomics,epochs,fixed_pool,maple_tree}.hpp \
    shims/vmarea_shims/{pool,retired,retiring_pool,reverse_map}.hpp
)
for ((i = 0; i < ${#shims[@]}; ++i)); do
  while read -r header; do
    if [[ " ${shims[*]} " != *" shims/$header "* ]]; then shims+=("shims/$header"); fi
  done < <(grep -ohE '[<"]vmarea_shims/[a-z0-9_/]+\.hpp[>"]' "${shims[i]}" | tr -d '<>"' || true)
done

# The rooms, the lowest first. What is planned and what writes meet in the face alone, so calls do
# not see change.
rooms=(types host rules space plan change calls text)
out_of_order() {
  local room below='' folder
  for room in "${rooms[@]}"; do
    if [[ "$room" == calls ]]; then below="${below/|change/}"; fi
    if [[ "$room" == text ]]; then below+='|change'; fi
    below+="|$room"
    grep -rnHE '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]vmarea/' "include/vmarea/$room" |
      grep -vE "[<\"]vmarea/(${below#|})/" || true
  done
  for folder in include/vmarea/*/; do
    room="$(basename "$folder")"
    if [[ " ${rooms[*]} " != *" $room "* ]]; then echo "$folder: has no place in the order"; fi
  done
}

bad="$(
  offenders vmarea "${core[@]}" /dev/null
  optional_offenders
  out_of_order
  offenders 'vmarea|vmarea_shims' "${shims[@]}" "$@" /dev/null
)"
echo "checked ${#core[@]} headers of the core, ${#shims[@]} freestanding shims, $# headers in use"
if [[ -n "$bad" ]]; then
  echo "not allowed here:"
  echo "$bad"
  exit 1
fi
