#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Runs a program in another kernel: an emulated machine boots a kernel of Debian's that is unpacked
# here and never installed, with an initial file system that holds the program and nothing else.
set -euo pipefail

usage() {
  cat <<'END'
usage: in_kernel SERIES -- PROGRAM ARGUMENT...
       in_kernel --fetch SERIES

Runs PROGRAM in a Linux kernel of SERIES: 6.1, 6.12, 7 for the newest of 7.x, or one release. Shows
its output as it comes, standard error among it, and exits as it did. A PROGRAM without a slash is
looked for beside in_kernel, then in PATH. Arguments that name files are files there, too.

The newest kernel package of the series that Debian 12 or unstable has is fetched if there is none,
to the folder VMAREA_KERNELS, or to kernels/ beside in_kernel; delete it there to get a newer one.
--fetch fetches it, and says its release. The machine is emulated by QEMU, without virtualisation:
it is up in ten seconds and computes ten times as slowly.

Status 77: there is no QEMU, no such kernel or no network. Status 3: the kernel ended before the
program did. Status 2: this was not understood.
END
}

say() { echo "in_kernel: $1" >&2; }
skip() { say "$1"; exit 77; }
refuse() { say "$1; see in_kernel --help"; exit 2; }

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
only_fetch=no
case "${1-}" in
  -h | --help) usage; exit 0 ;;
  --fetch) only_fetch=yes; shift ;;
esac
series="${1-}"
[[ "$series" =~ ^[0-9]+(\.[0-9]+)*$ ]] || refuse "\"$series\" is no series of kernels"
shift
if [[ $only_fetch == no ]]; then
  [[ "${1-}" == -- && $# -gt 1 ]] || refuse "what is to be run stands behind --"
  shift
fi
[[ -n "${VMAREA_KERNELS-}" || ! -e "$here/CMakeLists.txt" ]] ||
  refuse "say where kernels go by VMAREA_KERNELS, or run the in_kernel of a build folder"
folder="${VMAREA_KERNELS:-$here/kernels}"
mkdir -p "$folder"
folder="$(cd "$folder" && pwd)"

# URIs of this machine's package sources that hold a word; its own form and the one-line form.
sources_with() {
  cat /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources} 2>/dev/null |
    sed -nE 's/^(URIs:|deb +(\[[^]]*\] +)?) *([^ ]+).*/\3/p' | grep -E "$1" | head -1 || true
}

# A configuration of apt that knows the suites with kernels, and nothing of what is installed.
configure_apt() {
  local keys=/usr/share/keyrings/debian-archive-keyring.gpg mirror security
  [[ -e "$keys" ]] || skip "there is no $keys, by which packages are verified"
  mirror="$(sources_with '/debian/?$')"
  security="$(sources_with '/debian-security/?$')"
  mkdir -p "$folder/apt/lists/partial" "$folder/apt/archives/partial"
  {
    echo "deb [signed-by=$keys] ${mirror:=http://deb.debian.org/debian} bookworm main"
    echo "deb [signed-by=$keys] $mirror bookworm-updates main"
    echo "deb [signed-by=$keys] ${security:=http://deb.debian.org/debian-security}" \
      "bookworm-security main"
    echo "deb [signed-by=$keys] $mirror unstable main"
  } >"$folder/apt/sources.list"
  export APT_CONFIG="$folder/apt/apt.conf"
  cat >"$APT_CONFIG" <<END
Dir::Etc::sourcelist "$folder/apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State::lists "$folder/apt/lists";
Dir::State::status "/dev/null";
Dir::Cache "$folder/apt";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "1";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
END
}

# The newest package that holds a kernel's image. Since 7.0 that is linux-binary; the linux-image
# of such a release holds none.
newest_package() {
  local images binaries names="${series//./\\.}[.+-].*cloud-amd64"
  images="$(apt-cache search --names-only "^linux-image-$names(-unsigned)?$")"
  binaries="$(apt-cache search --names-only "^linux-binary-(unsigned-)?$names$")"
  cut -d' ' -f1 <<<"${binaries:-$images}" | grep . | sed -E 's/(.*)-unsigned$/\1 &/; t; s/.*/& &/' |
    sort -V | tail -1 | cut -d' ' -f2
}

fetch() {
  local tool package
  for tool in apt-get apt-cache dpkg-deb flock; do
    command -v "$tool" >/dev/null || skip "there is no $tool to fetch a kernel with"
  done
  exec 9>"$folder/lock"
  flock 9
  [[ -z "$(newest_image)" ]] || return 0
  configure_apt
  say "looking for a kernel of the series $series"
  if ! apt-get -q update >"$folder/apt/log" 2>&1 || grep -q '^W: Failed' "$folder/apt/log"; then
    skip "the packages cannot be listed; is there a network? $(tail -1 "$folder/apt/log")"
  fi
  package="$(newest_package || true)"
  [[ -n "$package" ]] || skip "no kernel of the series $series is among the packages"
  say "fetching $package"
  rm -f "$folder/apt"/*.deb
  (cd "$folder/apt" && apt-get -q download "$package") >"$folder/apt/log" 2>&1 ||
    skip "$package cannot be fetched: $(tail -1 "$folder/apt/log")"
  # The image is all that is needed: what programs ask of memory is built in.
  dpkg-deb --fsys-tarfile "$folder/apt"/*.deb |
    tar -x -O --wildcards '*/vmlinuz*' >"$folder/unpacked" ||
    skip "$package cannot be unpacked"
  [[ -s "$folder/unpacked" ]] || skip "$package holds no kernel"
  rm "$folder/apt"/*.deb
  mv "$folder/unpacked" "$folder/vmlinuz-$(release_of <<<"$package")"
}

release_of() {
  sed -E 's/^linux-(image|binary)-(unsigned-)?//; s/-unsigned$//'
}

newest_image() {
  find "$folder" -maxdepth 1 -name "vmlinuz-$series[.+-]*" | sort -V | tail -1
}

for tool in qemu-system-x86_64 busybox cpio gzip; do
  [[ $only_fetch == yes ]] || command -v "$tool" >/dev/null ||
    skip "there is no $tool; cmake/setup.sh cmake/debian-packages-kernels.txt installs it"
done
[[ -n "$(newest_image)" ]] || fetch
image="$(newest_image)"
release="${image##*/vmlinuz-}"
if [[ $only_fetch == yes ]]; then
  echo "$release"
  exit 0
fi

# A word for the guest's shell.
quoted() {
  printf "'%s' " "${1//\'/\'\\\'\'}"
}

# Copies a file to the same name below the new root, and the libraries that it needs.
root=""
take() {
  local file
  while read -r file; do
    mkdir -p "$root$(dirname "$file")"
    [[ -e "$root$file" ]] || cp -L "$file" "$root$file"
  done < <(echo "$1" && ldd "$1" 2>/dev/null | grep -oE '/[^ ]+' | sort -u)
}

program="$1"
shift
if [[ "$program" != */* ]]; then
  if [[ -x "$here/$program" ]]; then
    program="$here/$program"
  else
    program="$(command -v "$program" || true)"
  fi
fi
[[ -x "$program" && -f "$program" ]] || refuse "there is no program \"${program:-of that name}\""
program="$(realpath -s "$program")"

work="$(mktemp -d)"
machine=""
finish() {
  [[ -z "$machine" ]] || kill "$machine" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

root="$work/root"
mkdir -p "$root"/{proc,sys,dev,tmp,bin} "$root$PWD"
cp -L "$(command -v busybox)" "$root/bin/busybox"
take "$program"
command="$(quoted "$program")"
for argument; do
  if [[ -f "$argument" ]]; then take "$(realpath -s "$argument")"; fi
  command+="$(quoted "$argument")"
done
cat >"$root/init" <<END
#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t devtmpfs dev /dev
cd $(quoted "$PWD")
echo "in_kernel: begin"
$command
echo "in_kernel: end \$?"
/bin/busybox poweroff -f
END
chmod +x "$root/init"
(cd "$root" && find . | cpio --quiet -o -H newc | gzip -1) >"$work/init.gz"

# With la57 the address space would be larger than that of most machines. Where this machine is slow
# the kernel would take its timer for a broken one.
mkfifo "$work/console"
qemu-system-x86_64 -accel tcg -cpu max,la57=off -m 2G -display none -monitor none -serial stdio \
  -no-reboot -kernel "$image" -initrd "$work/init.gz" \
  -append "console=ttyS0 quiet panic=-1 no_timer_check" \
  </dev/null >"$work/console" 2>&1 &
machine=$!

say "Linux $release"
began=no
status=3
while IFS= read -r line || [[ -n "$line" ]]; do
  line="${line%$'\r'}"
  if [[ "$line" == *"in_kernel: begin" ]]; then
    began=yes
  elif [[ "$line" =~ ^(.*)in_kernel:\ end\ ([0-9]+)$ && $began == yes ]]; then
    [[ -z "${BASH_REMATCH[1]}" ]] || echo "${BASH_REMATCH[1]}"
    status="${BASH_REMATCH[2]}"
    began=ended
  elif [[ $began == yes ]]; then
    printf '%s\n' "$line"
  elif [[ $began == no ]]; then
    printf '%s\n' "$line" >>"$work/boot"
  fi
done <"$work/console"
wait "$machine" || true
machine=""
if [[ $began == no ]]; then
  tail -20 "$work/boot" >&2 || true
  say "Linux $release did not start the program"
elif [[ $began == yes ]]; then
  say "Linux $release ended before the program did"
fi
exit "$status"
