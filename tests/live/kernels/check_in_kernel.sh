#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# check_in_kernel.sh IN_KERNEL: what in_kernel says and answers where nothing is booted, because it
# was not understood or because something is not there.
set -euo pipefail
in_kernel="$1"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
export VMAREA_KERNELS="$folder/kernels"

# check STATUS TEXT COMMAND...
check() {
  local expected="$1" text="$2" status=0 said
  shift 2
  said="$("$@" 2>&1)" || status=$?
  if ((status != expected)) || ! grep -qF -- "$text" <<<"$said"; then
    echo "expected status $expected and \"$text\", got $status and: $said"
    echo "of: $*"
    exit 1
  fi
}

check 0 "usage: in_kernel SERIES -- PROGRAM" "$in_kernel" --help
check 2 '"" is no series of kernels' "$in_kernel"
check 2 '"six" is no series of kernels' "$in_kernel" six -- true
check 2 "what is to be run stands behind --" "$in_kernel" 6.12
check 2 "what is to be run stands behind --" "$in_kernel" 6.12 true
check 2 "what is to be run stands behind --" "$in_kernel" 6.12 --

# Nothing but a shell and what is said before anything is looked for.
mkdir "$folder/bin"
for tool in bash mkdir dirname; do ln -s "$(command -v "$tool")" "$folder/bin/$tool"; done
check 77 "there is no qemu-system-x86_64; cmake/setup.sh" \
  env PATH="$folder/bin" "$in_kernel" 6.12 -- true
for tool in qemu-system-x86_64 busybox cpio gzip find sort tail; do
  ln -s "$(command -v "$tool" || command -v true)" "$folder/bin/$tool"
done
check 77 "to fetch a kernel with" env PATH="$folder/bin" "$in_kernel" 6.12 -- true

# A kernel that is there is not looked for; neither is a program that is not.
: >"$VMAREA_KERNELS/vmlinuz-6.12.9-none"
: >"$VMAREA_KERNELS/vmlinuz-6.12.10-none"
: >"$VMAREA_KERNELS/vmlinuz-6.1.99-none"
check 0 "6.12.10-none" "$in_kernel" --fetch 6.12
check 0 "6.1.99-none" "$in_kernel" --fetch 6.1
check 0 "6.12.10-none" "$in_kernel" --fetch 6
check 2 'there is no program "of that name"' \
  env PATH="$folder/bin:$PATH" "$in_kernel" 6.12 -- no_such_program
echo "in_kernel says what it lacks"
