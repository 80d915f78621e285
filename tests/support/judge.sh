# SPDX-License-Identifier: MIT
#
# Sourced by scripts that show that a check can fail. `check`, a function of theirs, runs it.
failures=0
# judge STATUS WORDS ARGUMENT...: the check ends with the status and says the line WORDS. One that
# cannot be made here ends this script, too, with 77.
judge() {
  local status_wanted="$1" words="$2" said status=0
  shift 2
  said="$(check "$@" 2>&1)" || status=$?
  if ((status == 77)); then
    echo "$said"
    exit 77
  fi
  if ((status == status_wanted)) && grep -qxF -- "$words" <<<"$said"; then return; fi
  printf 'expected %s and "%s", got %s and:\n%s\n' "$status_wanted" "$words" "$status" "$said"
  failures=$((failures + 1))
}
