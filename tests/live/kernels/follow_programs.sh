#!/bin/sh
# SPDX-License-Identifier: MIT
#
# follow_programs.sh FOLLOW PROGRAM...: follows each program, and fails if one differs or does not
# end as it does alone. For in_kernel, so for the shell of busybox, which is followed, too.
follow=$1
shift
failures=0

# run NAME COMMAND...: the summary, or all that was said.
run() {
  name=$1
  shift
  "$@" >/dev/null 2>&1 </dev/null
  alone=$?
  "$follow" --quiet -- "$@" >/tmp/said 2>&1 </dev/null
  status=$?
  with=$(sed -n 's/^follow: note: .* exited with status \([0-9]*\)$/\1/p' /tmp/said)
  if [ $status -ne 0 ] || [ "${with:-0}" -ne $alone ] || grep -q 'ended by signal' /tmp/said; then
    echo "follow_programs.sh: $name: status $status; the program's is ${with:-0}, alone $alone"
    cat /tmp/said
    failures=$((failures + 1))
  else
    echo "$name: $(sed -n '$s/^follow: [^:]*: //p' /tmp/said)"
  fi
}

for program; do
  name=${program##*/}
  case $name in
    busybox)
      run "$name" "$program" sh -c "
        $program ls -lR /proc/self | $program sort | $program gzip | $program md5sum
        $program seq 20000 | $program awk '{ sum[\$1 % 100] += \$1 } END { print sum[7] }'
        ($program find / -xdev | $program tar -cf - -T - | $program bzip2 | $program wc -c) &
        wait"
      ;;
    memory_mix) run "$name" "$program" 1 ;;
    many_areas) run "$name" "$program" 1000 ;;
    *) run "$name" "$program" ;;
  esac
done
[ $failures -eq 0 ] && echo "follow_programs.sh: all equal"
