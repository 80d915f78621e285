#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# check_follow_said.sh FOLLOW: how much is said, of which program, and that a signal that asks to
# end ends the program, once, and not the summary.
set -u
follow=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
said=$folder/said
failures=0

complain() {
  echo "$*"
  cat "$said"
  failures=$((failures + 1))
}

says() { grep -qE "$1" "$said" || complain "not said: $1"; }
says_not() { grep -qE "$1" "$said" && complain "said: $1"; }

"$follow" --quiet -- true 2> "$said" || complain "true"
says '^follow: true: [0-9]+ calls of [0-9]+ kinds in 1 process, 0 mismatches$'
says_not 'runs true|compared|is forked'
"$follow" -- sh -c 'ls / > /dev/null; true' 2> "$said" || complain "sh"
says 'runs ls with'
says 'in 2 processes'
says_not 'is forked|ends after'
"$follow" --verbose -- sh -c 'ls / > /dev/null; true' 2> "$said" || complain "sh"
says 'is forked|shares'
says 'ends after [0-9]+ calls'
"$follow" --calls -- true 2> "$said" || complain "true"
says '^follow: [0-9]+ [0-9]+ mmap\(0x0, [0-9]+, PROT_READ'

"$follow" --quiet -- env -i timeout 60 nice true 2> "$said" || complain "env"
says '^follow: (/.*/)?true: '
"$follow" --quiet -- prlimit --core=0 chrt --other 0 true 2> "$said" || complain "prlimit"
says '^follow: (/.*/)?true: '
"$follow" --quiet -- timeout 60 sh -c 'env true; ls / > /dev/null' 2> "$said" || complain "timeout"
says '^follow: sh: '

"$follow" --quiet --verbose -- true 2> "$said" && complain "quiet and verbose"
"$follow" --unknown -- true 2> "$said"
[ $? -eq 2 ] || complain "an unknown option is taken"

waiting='echo begun; while :; do sleep 0.05; done'
for signal in TERM HUP; do
  rm -f "$folder/shown"
  "$follow" --quiet -- bash -c "trap 'echo told; exit 3' $signal; $waiting" \
    > "$folder/shown" 2> "$said" &
  follower=$!
  for _ in $(seq 100); do
    [ -s "$folder/shown" ] && break
    sleep 0.05
  done
  kill -$signal $follower
  wait $follower
  says '^follow: bash: .* 0 mismatches$'
  says 'bash exited with status 3'
  [ "$(grep -c told "$folder/shown")" -eq 1 ] || complain "$signal: not told once"
done

timeout 3 "$follow" --quiet -- sleep 60 2> "$said"
[ $? -eq 124 ] || complain "timeout"
says 'sleep was ended by signal 15'
says '^follow: sleep: .* 0 mismatches$'
counting='trap "echo told" TERM; for i in 1 2 3 4 5 6 7 8 9; do sleep 0.5; done'
timeout 3 "$follow" --quiet -- bash -c "$counting" > "$folder/shown" 2> "$said"
says '^follow: bash: .* 0 mismatches$'
[ "$(grep -c told "$folder/shown")" -eq 1 ] || complain "timeout tells it more than once"
exit $failures
