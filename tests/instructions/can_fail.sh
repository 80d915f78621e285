#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# can_fail.sh COMPILER: instructions.sh accepts what it counted, refuses a limit well below it, and
# whatever else would be no check; more work is more instructions.
set -euo pipefail
compiler="$1"
here="$(dirname "${BASH_SOURCE[0]}")"
source "$here/../support/judge.sh"
check() { bash "$here/instructions.sh" --compiler "$compiler" "$@"; }

said="$(check find 1 2>&1)" && status=0 || status=$?
if ((status == 77)); then
  echo "$said"
  exit 77
fi
each="$(sed -n 's/^find: \([0-9]*\) instructions$/\1/p' <<<"$said")"
judge 0 "find: $each instructions" find "$each"
judge 1 "find: $each instructions, more than 2 % above $((each * 97 / 100))" \
  find $((each * 97 / 100))
judge 0 "find: $each instructions, so the limit of $((each * 2)) can be lowered" find $((each * 2))
judge 2 "instructions.sh: nowhere could not be run" nowhere
judge 2 "instructions.sh: /dev/null has no limit" --limits /dev/null
judge 2 "instructions.sh: there is no option --limit" --limit
slow="$(check --options -O0 find | sed -n 's/^find: \([0-9]*\) instructions$/\1/p')"
if ((slow <= each)); then
  echo "not optimised, find takes $slow instructions, and $each if it is"
  failures=$((failures + 1))
fi
exit $((failures > 0))
