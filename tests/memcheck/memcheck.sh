#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# memcheck.sh PROGRAM...: each passes under valgrind, as many at once as there are processors, and
# not one reads what it has not written, touches what is not its own, or leaves memory behind that
# nothing points to. Nothing is suppressed. Three tests are left out: one takes its address space
# away and one counts its pages, and valgrind lives there, too; one ends a child where it stands,
# with all that it has.
set -euo pipefail
if (($# == 0)); then
  echo "memcheck.sh: no program is named" >&2
  exit 2
fi
if ! command -v valgrind >/dev/null; then
  echo "memcheck.sh: valgrind is not installed" >&2
  exit 77
fi

left_out=HugeChunks.that_are_refused_answer_no_memory
left_out+=:HugeChunks.are_whole_huge_pages_and_nothing_else
left_out+=:MisuseDeathTest.rest_that_is_not_there_is_busy
export left_out
check_one() {
  local said
  if said="$(valgrind -q --error-exitcode=99 --leak-check=full "$1" --gtest_brief=1 \
    --gtest_filter="-$left_out" 2>&1)"; then
    echo "${1##*/}: nothing"
    return
  fi
  echo "${1##*/}: FAILED"
  tail -n 60 <<<"$said" | sed 's/^/  | /'
  return 1
}
export -f check_one

if ! printf '%s\0' "$@" | xargs -0 -n 1 -P "$(nproc)" bash -c 'check_one "$1"' memcheck; then
  echo "memcheck.sh: of $# programs some failed" >&2
  exit 1
fi
echo "memcheck.sh: $# programs, no report"
