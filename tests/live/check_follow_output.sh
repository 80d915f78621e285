#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# check_follow_output.sh FOLLOW: what follow cannot write must not end the program that it follows,
# and what was asked for is missed aloud.
set -u
follow=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failures=0
# Makes memory calls before and after it leaves its first trace.
program=(sh -c "mkdir '$folder/ran' && ls / > /dev/null && mkdir '$folder/done'")

complain() {
  echo "$*"
  failures=$((failures + 1))
}

# check STATUS TRACES NAME: of the run just made.
check() {
  local status=$? traces
  traces=$(ls "$folder" | grep -cE '^(ran|done)$')
  [ $status -eq "$1" ] || complain "$3: status $status and not $1"
  [ "$traces" -eq "$2" ] || complain "$3: $traces of $2 traces of the program"
  rm -rf "$folder/ran" "$folder/done"
}

says() {
  grep -q "$1" "$folder/said" || complain "not said: $1"
}

"$follow" -- "${program[@]}" 2> /dev/full
check 0 2 "a full standard error"
"$follow" -- "${program[@]}" 2>&-
check 0 2 "a closed standard error"
mkfifo "$folder/pipe"
exec 3<> "$folder/pipe" 4> "$folder/pipe" 3<&-
"$follow" -- "${program[@]}" 2>&4 4>&-
check 0 2 "a pipe that is not read any more"
exec 4>&-
(ulimit -f 0 && exec "$follow" -- "${program[@]}" 2> "$folder/none")
check 0 2 "a file that may not grow"

"$follow" --record="$folder/missing/calls" -- "${program[@]}" 2> "$folder/said"
check 4 0 "a recording in no folder"
says "cannot write .*No such file"
"$follow" --record=/dev/full -- "${program[@]}" 2> "$folder/said"
check 4 2 "a recording on a full disk"
says "cannot write /dev/full: No space"
sed -n 1,3p "$folder/said" | grep -q "No space" || complain "a full disk is not said at once"
"$follow" --record="$folder/calls" -- "${program[@]}" 2> "$folder/said"
check 0 2 "a recording"
grep -q ^area "$folder/calls" && grep -q ^call "$folder/calls" || complain "a recording is empty"

"$follow" --json="$folder/missing/life" -- "${program[@]}" 2> "$folder/said"
check 4 0 "json in no folder"
says "cannot write .*/missing/life: No such file"
"$follow" --json=/dev/full -- "${program[@]}" 2> "$folder/said"
check 4 2 "json on a full disk"
[ "$(grep -c "cannot write /dev/full: No space" "$folder/said")" -eq 1 ] || complain "not said once"
(ulimit -f 16 && exec "$follow" --json="$folder/life" -- "${program[@]}" 2> "$folder/said")
check 4 2 "json on a disk that gets full"
says "cannot write .*/life: File too large"
"$follow" --json="$folder/life" -- "${program[@]}" 2> "$folder/said"
check 0 2 "json"
tail -n 1 "$folder/life" | grep -q '"verdict":"equal".*"status":0' || complain "json has no end"
"$follow" --json="$folder/life" -- sh -c 'kill -KILL $$' 2> "$folder/said"
tail -n 1 "$folder/life" | grep -q '"signal":9' || complain "json: no signal"
"$follow" --json="$folder/life" -- "$folder/no program" 2> "$folder/said"
check 127 0 "json without a program"
tail -n 1 "$folder/life" | grep -q '"verdict":"not_followed"' || complain "json of no program"

"$follow" --svg="$folder/missing/life" -- "${program[@]}" 2> "$folder/said"
check 4 0 "a picture in no folder"
says "cannot write .*/missing/life: No such file"
"$follow" --svg=/dev/full -- "${program[@]}" 2> "$folder/said"
check 4 2 "a picture on a full disk"
says "cannot write /dev/full: No space"
"$follow" --svg="$folder/life" -- sh -c 'kill -KILL $$' 2> "$folder/said"
tail -n 1 "$folder/life" | grep -q '^</svg>$' || complain "no picture of a killed program"
"$follow" --svg="$folder/life" -- "$folder/no program" 2> "$folder/said"
check 127 0 "a picture without a program"
grep -q 'No program was followed' "$folder/life" || complain "no picture of no program"
"$follow" --quiet --svg="$folder/life" -- sleep 60 2> "$folder/said" &
follower=$!
for _ in $(seq 100); do
  read -r child _ < "/proc/$follower/task/$follower/children"
  [ "$(cat "/proc/${child:-0}/comm" 2> /dev/null)" = sleep ] && break
  sleep 0.05
done
kill -TERM $follower
wait $follower
check 0 0 "a follower that is told to end"
grep -q '<title>sleep: ' "$folder/life" || complain "no picture of a program that was told to end"

# All is there up to the moment when follow itself is killed, and in whole lines.
"$follow" --json="$folder/life" --record="$folder/calls" -- \
  sh -c 'ls / > /dev/null; while :; do sleep 0.1; done' \
  2> "$folder/said" &
follower=$!
for _ in $(seq 100); do
  grep -q '"program":"sleep"' "$folder/life" && break
  sleep 0.05
done
kill -KILL $follower
wait $follower 2> /dev/null
grep -q '"event":"exit"' "$folder/life" || complain "json: what was told before is not there"
grep -qvE '^\{"event":.*\}$' "$folder/life" && complain "json: a line is not whole"
[ -z "$(tail -c 1 "$folder/life")" ] || complain "json: the last line is not whole"
grep -q '^call mmap ' "$folder/calls" || complain "a recording is lost with its follower"
grep -qvE '^(area|call) [0-9a-z_ ]+$' "$folder/calls" && complain "a recorded line is not whole"

"$follow" --quiet --svg="$folder/picture" -- \
  sh -c 'ls / > /dev/null; exec sleep 60' \
  2> "$folder/said" &
follower=$!
for _ in $(seq 200); do
  grep -qE '<title>sleep: ' "$folder/picture" 2> /dev/null && break
  sleep 0.05
done
kill -KILL $follower
wait $follower 2> /dev/null
tail -n 1 "$folder/picture" | grep -q '^</svg>$' || complain "a killed follower has no picture"
grep -q 'drawn while it ran' "$folder/picture" || complain "a picture of what ran is not told so"
ls "$folder"/picture.* > /dev/null 2>&1 && complain "a drawing is left behind"
ln -s "$folder/picture" "$folder/link"
"$follow" --quiet --svg="$folder/link" -- "${program[@]}" 2> "$folder/said"
check 0 2 "a picture behind a link"
[ -L "$folder/link" ] && grep -q '<title>sh: ' "$folder/picture" || complain "the link is replaced"

"$follow" --show-maps -- "${program[@]}" 2> "$folder/said" >&-
check 4 0 "areas for a closed standard output"
says "cannot write the areas: Bad file"
"$follow" --show-maps -- "${program[@]}" 2> "$folder/said" > /dev/full
check 4 0 "areas for a full disk"
says "cannot write the areas: No space"
exec 3<> "$folder/pipe" 4> "$folder/pipe" 3<&-
"$follow" --show-maps -- "${program[@]}" 2> "$folder/said" >&4
check 4 2 "areas for a pipe that is not read any more"
exec 4>&-
says "cannot write the areas: Broken pipe"
"$follow" --help 2> "$folder/said" > /dev/full
check 4 0 "the usage for a full disk"

# The program finds its descriptors and signals as they were.
"$follow" -- sh -c "test ! -e /proc/self/fd/2 && mkdir '$folder/done'" 2>&-
check 0 1 "a closed descriptor is not filled"
"$follow" --record="$folder/calls" -- ls -l /proc/self/fd > "$folder/files" 2> /dev/null
grep -q "$folder/calls" "$folder/files" && complain "the recording is open in the program"
"$follow" -- sh -c 'kill -PIPE $$' 2> "$folder/said"
says "ended by signal 13"
(trap '' INT && exec "$follow" -- sh -c "kill -INT \$\$; mkdir '$folder/done'" 2> "$folder/said")
check 0 1 "an ignored signal stays ignored"
exit $failures
