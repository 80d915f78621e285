#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# check_includes.sh ROOT: the core, and those shims without which a core user has no tree, include
# only freestanding standard headers and each other. Prints every include that is not allowed.
set -euo pipefail
cd "$1"

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

mapfile -t core < <(find include -name '*.hpp')
mapfile -t tree < <(find shims/vmarea_shims -path '*/maple_tree*' -name '*.hpp' -o \
  -name 'reverse_map*.hpp')
bad="$(
  offenders vmarea "${core[@]}" /dev/null
  offenders 'vmarea|vmarea_shims' "${tree[@]}" /dev/null
)"
echo "checked ${#core[@]} headers of the core and ${#tree[@]} freestanding shims"
if [[ -n "$bad" ]]; then
  echo "not allowed here:"
  echo "$bad"
  exit 1
fi
