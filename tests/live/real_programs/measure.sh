#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# measure.sh FOLLOW [-l LIST] [-p PAIRS] [NAME...]: runs each program of LIST, or those of these
# names, alone and followed, one right after the other, twice or PAIRS times, and prints a row for
# the table of programs: processes, calls, slowdown, the same by the clock, verdict. Slowdown is of
# processor time, follow's included; both are the least of all with it by the least without. Fails
# at a mismatch, and where a program does not exit, write to standard output, or pass and count its
# tests (stress-ng) as it does alone.
set -u
follow=$(realpath "$1")
here=$(realpath "$(dirname "$0")")
shift
list=$here/programs.txt
pairs=2
while getopts l:p: option; do
  case $option in
    l) list=$(realpath "$OPTARG") ;;
    p) pairs=$OPTARG ;;
    *) exit 2 ;;
  esac
done
shift $((OPTIND - 1))
folder=$(mktemp -d)
said=$(mktemp -d)
trap 'rm -rf "$folder" "$said"' EXIT
cp "$here"/inputs/* "$folder"
chmod 1777 "$folder" # One of the programs runs as an ordinary user.
chmod a+r "$folder"/*
cd "$folder" || exit 2
failures=0

# run WHICH WORDS...: what came of it, in files WHICH.*; times are seconds.
run() {
  local which=$said/$1
  shift
  TIMEFORMAT='%U %S %R'
  { time timeout -k 5 600 "$@" > "$which.out" 2> "$which.err" < /dev/null; } 2> "$which.time"
  status=$?
  cat "$which.time" >> "$which.times"
  # Of a stressor whether it counted as much as it should (several processes may count one more),
  # what failed, and the verdict.
  awk -v asked="$(grep -oE -- '-ops [0-9]+' <<< "$*" | tail -1)" '
    /^stress-ng: metrc: .* [a-z-]+ +[0-9]+ +[0-9.]+ +[0-9.]+ / {
      print $4, ($5 >= 0 + substr(asked, 6) ? "all" : $5) }
    /^stress-ng: fail: / { sub(/\[[0-9]+\]/, ""); gsub(/0x[0-9a-f]+/, ""); print }
    /^stress-ng: .*successful run/ { print $4 }' "$which.err" > "$which.answer"
  cat "$which.out" >> "$which.answer"
}

# The exit status of what follow ran, as its notes tell it.
followed_status() {
  sed -nE 's/^follow: note: .* exited with status ([0-9]+)$/\1/p
           s/^follow: note: .* was ended by signal ([0-9]+) .*/128 + \1/p' "$said/with.err"
}

# quotient FIELD...: the least sum of these fields with follow by the least without; - where the
# program alone takes too little to be measured.
quotient() {
  awk -v fields="$*" '
    { sum = 0
      count = split(fields, field, " ")
      for (i = 1; i <= count; i++) sum += $field[i]
      if (!(FILENAME in least) || sum < least[FILENAME]) least[FILENAME] = sum }
    END { alone = least[ARGV[1]]
          if (alone < 0.02) print "-"
          else printf "%.1f\n", least[ARGV[2]] / alone }' "$said/alone.times" "$said/with.times"
}

measure() {
  local name=$1 status alone differs='' summary verdict
  shift
  rm -f "$said"/*
  run first "$@" # What fills caches is not measured.
  for _ in $(seq "$pairs"); do
    run alone "$@"
    alone=$status
    run with "$follow" --quiet -- "$@"
    [ "$status" -eq 0 ] || differs+="; follow exits with $status"
    status=$(followed_status)
    [ $((${status:-0})) -eq "$alone" ] || differs+="; status $((status)), alone $alone"
    cmp -s "$said/alone.answer" "$said/with.answer" || differs+="; another answer"
  done
  summary=$(grep -aE '^follow: .*: [0-9]+ calls? of ' "$said/with.err" | tail -1)
  verdict=$(sed -E 's/.*, ([0-9]+ mismatch(es)?)$/\1/' <<< "${summary:-no summary}")
  verdict+=$(sed -nE 's/^follow: note: ([0-9]+ calls? not modelled); [^(]*(.*)/; \1 \2/p
                      s/^follow: note: ([0-9]+ calls? not compared): (.*)/; \1, \2/p
                      s/^follow: note: ([0-9]+ process(es)? not followed.*)/; \1/p
                      s/^follow: (MISMATCH.*)/; \1/p' "$said/with.err" | tr -d '\n')
  [ -z "$differs" ] && grep -q '^0 mismatches' <<< "$verdict" || failures=$((failures + 1))
  printf '| %s | %s | %s | %s | %s | %s |\n' "$name" \
    "$(sed -E 's/.* in ([0-9]+) process.*/\1/' <<< "$summary")" \
    "$(sed -E 's/.*: ([0-9]+) calls? of .*/\1/; :a; s/([0-9])([0-9]{3})($|,)/\1,\2\3/; ta' \
      <<< "$summary")" "$(quotient 1 2)" "$(quotient 3)" "$verdict$differs"
  if ! grep -q 'identities are not seen' "$said/with.err"; then seen=$((seen + 1)); fi
  rows=$((rows + 1))
}

echo '| program | processes | calls | slowdown | by the clock | verdict |'
echo '|---|---|---|---|---|---|'
found=0
rows=0
seen=0
while IFS= read -r line <&3; do
  [[ $line =~ ^([^#|][^|]*)\ \|\ (.*)$ ]] || continue
  name=${BASH_REMATCH[1]}
  if [ $# -ne 0 ] && ! printf '%s\n' "$@" | grep -qxF -- "$name"; then continue; fi
  eval "words=(${BASH_REMATCH[2]})"
  found=$((found + 1))
  # The allocators are tried with it.
  [[ ${words[*]} = *./vectors* && ! -e vectors ]] && rustc -O vectors.rs -o vectors
  if ! command -v "${words[0]}" > /dev/null; then
    echo "| $name | | | | | not installed |"
    continue
  fi
  [[ $name = stress-ng* ]] && words+=(--metrics-brief)
  measure "$name" "${words[@]}"
done 3< "$list"
[ $# -eq 0 ] || [ $found -eq $# ] || { echo "measure.sh: $found of these are listed" && exit 2; }
echo "identities were compared in $seen of $rows"
exit $((failures != 0))
