#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Installs what is missing of debian-packages.txt, which lies beside this file or is the first
# argument. Does nothing, at once, where nothing is missing.
set -euo pipefail

list="${1:-$(dirname "${BASH_SOURCE[0]}")/debian-packages.txt}"
packages=()
while read -r name _ || [[ -n "$name" ]]; do
  if [[ -n "$name" && "$name" != '#'* ]]; then packages+=("$name"); fi
done <"$list"

stop() {
  echo "setup.sh: $1" >&2
  echo "vmarea needs what these Debian packages hold: ${packages[*]}" >&2
  exit 1
}

for tool in apt-get dpkg-query; do
  command -v "$tool" >/dev/null || stop "this system has no $tool, so install by hand."
done

# A package that dpkg never heard of only makes it complain; it is missing all the same.
state='${db:Status-Status} ${Package}\n'
installed="$(dpkg-query -W -f "$state" "${packages[@]}" 2>/dev/null || true)"
missing=()
for name in "${packages[@]}"; do
  if ! grep -qxF "installed $name" <<<"$installed"; then missing+=("$name"); fi
done
if ((${#missing[@]} == 0)); then exit 0; fi

as_root=()
if ((EUID != 0)); then
  command -v sudo >/dev/null || stop "run as root, or install sudo; missing: ${missing[*]}"
  as_root=(sudo)
fi
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y -o DPkg::Lock::Timeout=300)

echo "setup.sh: installing ${missing[*]}"
# A foreign package source that cannot be reached need not stop us; a failed install does.
"${apt[@]}" update || echo "setup.sh: apt-get update failed; going on with the lists at hand" >&2
"${apt[@]}" install --no-install-recommends "${missing[@]}"
