#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# check_follow_unfollowed.sh FOLLOW PROGRAMS: what cannot be followed is said in one sentence, runs
# on, and is no mismatch. PROGRAMS is the folder of the programs to follow. What takes another user
# is left out, with status 77, where that cannot be had.
set -u
programs=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
failures=0
cp "$1" "$folder/follow"

complain() {
  echo "$*"
  cat "$folder/said"
  failures=$((failures + 1))
}

# check STATUS SENTENCE COMMAND...: the program must have answered 0.
check() {
  local expected=$1 sentence=$2 status
  shift 2
  timeout 60 "$@" > "$folder/shown" 2> "$folder/said"
  status=$?
  [ $status -eq "$expected" ] || complain "$*: status $status and not $expected"
  [ "$(grep -c "$sentence" "$folder/said")" -eq 1 ] || complain "not said once: $sentence"
  grep -qE "exited with status|ended by signal|MISMATCH" "$folder/said" && complain "$*: went wrong"
}

follow=("$folder/follow" --quiet --)
check 3 "cannot be followed, but runs on: it makes 32-bit" "${follow[@]}" "$programs/foreign_call"
check 0 "cannot be followed, but runs on: it is traced by its parent now" \
  "${follow[@]}" "$programs/own_tracer"

other=(setpriv --reuid 65534 --regid 65534 --clear-groups)
if ! "${other[@]}" true 2> /dev/null; then
  [ $failures -eq 0 ] && exit 77
  exit $failures
fi
cp "$programs/undumpable" "$folder/undumpable"
check 3 "cannot be followed, but runs on: its memory may not be read" \
  "${other[@]}" "${follow[@]}" "$folder/undumpable"
check 0 "0 mismatches" "${follow[@]}" "$folder/undumpable"
cp "$programs/own_tracer" "$folder/own_tracer"
check 0 "cannot be followed, but runs on: it is traced by its parent now" \
  "${other[@]}" "${follow[@]}" "$folder/own_tracer"
cp "$(type -P true)" "$folder/unreadable"
chmod 111 "$folder/unreadable"
check 3 "cannot be followed, but runs on: its memory may not be read" \
  "${other[@]}" "${follow[@]}" "$folder/unreadable"

# A program of a third user.
cp "$(type -P id)" "$folder/set_user"
chown 65533 "$folder/set_user" && chmod 4755 "$folder/set_user"
if [ "$("${other[@]}" "$folder/set_user" -u)" = 65533 ]; then
  check 0 "without the rights of its file" "${other[@]}" "${follow[@]}" "$folder/set_user" -u
  check 0 "0 mismatches" "${follow[@]}" "$folder/set_user" -u
  [ "$(cat "$folder/shown")" = 65533 ] || complain "a follower with rights takes the program's"
  grep -q "without the rights" "$folder/said" && complain "rights are missed that were given"
fi
exit $failures
