# SPDX-License-Identifier: MIT
#
# Sourced by scripts that count something and keep it within limits: what they were asked for.
#
#   declare -A option=([compiler]=g++)   options that take a value, and what holds without them
#   declare -A switch=([verbose]=0)      options that take none
#   read_asked "$@"                      sets them, and `asked`, a line each: NAME, or NAME LIMIT...
#
# --limits FILE, which all of them have, takes such lines from a file; "#" begins a comment there.
declare -A option=() switch=()
asked=""

stop() {
  echo "$(basename "$0"): $1" >&2
  exit 2
}
# For a test that cannot be made here: ctest takes 77 for that.
skip() {
  echo "$1"
  exit 77
}

add_limits() {
  local lines
  lines="$(sed 's/#.*//' "$1")" || stop "$1 cannot be read"
  [[ "$lines" == *[![:space:]]* ]] || stop "$1 has no limit"
  asked+=$'\n'"$lines"$'\n'
}
read_asked() {
  local name
  while (($# > 0)); do
    name="${1#--}"
    if [[ "$1" != -* ]]; then
      if [[ "$1" == *[!0-9]* ]]; then asked+=$'\n'"$1"; else asked+=" $1"; fi
    elif [[ -v "switch[$name]" ]]; then
      switch[$name]=1
    elif [[ "$name" == limits || -v "option[$name]" ]]; then
      (($# > 1)) || stop "$1 needs a value"
      if [[ "$name" == limits ]]; then add_limits "$2"; else option[$name]="$2"; fi
      shift
    else
      stop "there is no option $1"
    fi
    shift
  done
}
