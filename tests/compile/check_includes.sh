#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# check_includes.sh ROOT [HEADER...]: the core, and those shims without which a core user has no
# tree, include only freestanding standard headers and each other; so do the HEADERs, which are what
# a freestanding program really used. And each room of the core includes only those below it.
# Optional headers of the core, each by itself, add what the standard library wants; no other header
# includes them. Prints every include that is not allowed.
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

optional='hash|ranges'
mapfile -t core < <(find include -name '*.hpp' | grep -vE "^include/vmarea/($optional)\.hpp$")

# The freestanding shims, and whatever they reach.
mapfile -t shims < <(
  ls shims/vmarea_shims/{fixed_pool,maple_tree,reverse_map}.hpp
)
for ((i = 0; i < ${#shims[@]}; ++i)); do
  while read -r header; do
    if [[ " ${shims[*]} " != *" shims/$header "* ]]; then shims+=("shims/$header"); fi
  done < <(grep -ohE '[<"]vmarea_shims/[a-z0-9_/]+\.hpp[>"]' "${shims[i]}" | tr -d '<>"' || true)
done

# The rooms, the lowest first. What is planned and what writes meet in the face alone, so calls do
# not see change.
rooms=(types host rules space plan change calls)
out_of_order() {
  local room below='' folder
  for room in "${rooms[@]}"; do
    if [[ "$room" == calls ]]; then below="${below/|change/}"; fi
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
  out_of_order
  grep -rnHE "^[[:space:]]*#[[:space:]]*include.*vmarea/($optional)\.hpp" include shims || true
  offenders 'vmarea|vmarea_shims' "${shims[@]}" "$@" /dev/null
)"
echo "checked ${#core[@]} headers of the core, ${#shims[@]} freestanding shims, $# headers in use"
if [[ -n "$bad" ]]; then
  echo "not allowed here:"
  echo "$bad"
  exit 1
fi
