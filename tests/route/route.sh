#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# route.sh [OPTION...] [CALL [FILES CHANGES]]...: the way of a call through the headers: how many of
# them it visits, and how often the next function lies in another header than the one before. Fails
# where a figure is above its limit, FILES or CHANGES. Without a CALL, all that there are.
#
#   bash tests/route/route.sh --verbose mprotect    the route itself, for who reads the code
#
#   --verbose            prints the functions that count: header, line, name; indented by depth
#   --limits FILE        takes CALL FILES CHANGES from its lines, too; "#" begins a comment
#   --counted PATTERN    the headers that count
#   --left-out PATTERN   and those of them that do not: value types, which are met everywhere
#   --compiler COMPILER  g++ if none is named
#
# A function counts if it has more than three lines, from the one with the opening brace of its body
# to the one with the closing brace. What nobody wrote, as a constructor that the compiler makes,
# has none. Compiled at -O0, so that nothing is inlined, and without debug checks: they are no part
# of a route.
set -euo pipefail
lines_ignored=3

source "$(dirname "${BASH_SOURCE[0]}")/../support/limits.sh"
option=(
  [compiler]=g++
  [counted]='^(include/vmarea|shims/vmarea_shims)/'
  [left-out]='^include/vmarea/(types/|(range|flags|area|result|bit_set)[.]hpp$)'
)
switch=([verbose]=0)
read_asked "$@"  # CALL, or CALL FILES CHANGES.

command -v addr2line >/dev/null || skip "addr2line is not installed"

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd -P "$(dirname "${BASH_SOURCE[0]}")/../.."  # Paths of debug information begin with it.
program="$work/route_program"
# Not moved by the loader: an address that was entered is one that addr2line knows.
"${option[compiler]}" -std=c++20 -O0 -g -DNDEBUG -finstrument-functions -fno-pie -no-pie \
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -Iinclude -Ishims \
  tests/route/route_program.cpp -o "$program"

# figures: reads which functions the program has and what it did; prints FILES CHANGES as the last
# line, after the route if it is wanted.
figures() {
  awk -v root="$PWD/" -v counted="${option[counted]}" -v left_out="${option[left-out]}" \
    -v verbose="${switch[verbose]}" -v lines_ignored="$lines_ignored" '
    # Without what could hold a brace that is none.
    function code_of(line) {
      gsub(/\047[{}"]\047/, "", line)
      gsub(/"([^"\\]|\\.)*"/, "", line)
      sub(/\/\/.*/, "", line)
      return line
    }

    function load(file,    line, count) {
      if (file in loaded) return
      loaded[file] = 1
      while ((getline line < file) > 0) source[file, ++count] = code_of(line)
      close(file)
      length_of[file] = count
    }

    # A body follows a blank that follows no "=" or the like; what else has braces is a value.
    function opens_body(before) {
      if (before !~ /(^|[ )\]])$/) return 0
      sub(/ +$/, "", before)
      return before !~ /([=(,{<:?]|return)$/
    }

    # Lines of the body that begins at a line or, where the head of the function is longer, soon
    # after. The line of a class is where the compiler places what it makes itself.
    function body_lines(file, first,    i, at, text, sign, depth, outside, opened) {
      load(file)
      if (first == 0) return 0
      if (source[file, first] ~ /^ *(template *<.*> *)?(struct|class|union) /) return 0
      for (i = first; i <= length_of[file]; ++i) {
        text = source[file, i]
        for (at = 1; at <= length(text); ++at) {
          sign = substr(text, at, 1)
          if (sign == ";" && !opened) return 0
          if (sign == "{") {
            if (!opened && opens_body(substr(text, 1, at - 1))) {
              opened = i
              outside = depth
            }
            ++depth
          } else if (sign == "}" && --depth == outside && opened) {
            return i - opened + 1
          }
        }
      }
      return 0
    }

    # vmarea::Result<void> vmarea::Change<A, B>::commit(C) const -> Change::commit
    function short_name(name,    i, sign, depth, out) {
      gsub(/operator\(\)/, "operator_call", name)
      gsub(/operator<</, "operator_left", name)
      gsub(/operator<=>/, "operator_order", name)
      gsub(/operator->/, "operator_arrow", name)
      gsub(/operator</, "operator_less", name)
      for (i = 1; i <= length(name); ++i) {
        sign = substr(name, i, 1)
        if (sign ~ /[<(]/) ++depth
        if (!depth) out = out sign
        if (sign ~ /[>)]/) --depth
      }
      sub(/ const$/, "", out)
      gsub(/\{lambda#[0-9]+\}::operator_call/, "lambda", out)
      if (out !~ /operator /) sub(/^.* /, "", out)
      gsub(/(vmarea|shims|maple)::/, "", out)
      return out
    }

    FNR == 1 { ++input }
    # Of each function its address, its name, its place: "0x... \n name \n file:line".
    input == 1 && FNR % 3 == 1 { address = $0 }
    input == 1 && FNR % 3 == 2 { name = $0 }
    input == 1 && FNR % 3 == 0 {
      sub(/ \(discriminator.*/, "")
      line = file = $0
      sub(/.*:/, "", line)
      sub(/:[^:]*$/, "", file)
      if (index(file, root) != 1) next
      file = substr(file, length(root) + 1)
      if (file !~ counted || file ~ left_out) next
      if (body_lines(file, line + 0) <= lines_ignored) next
      file_of[address] = file
      place_of[address] = file ":" line
      name_of[address] = name
    }
    input == 2 && $1 == "enter" {
      function_at[++level] = $2
      if (!($2 in file_of)) next
      if (verbose) printf "%*s%s: %s\n", 2 * depth, "", place_of[$2], short_name(name_of[$2])
      ++depth
      if (!(file_of[$2] in visited)) ++files
      visited[file_of[$2]] = 1
      if (before != "" && before != file_of[$2]) ++changes
      before = file_of[$2]
    }
    input == 2 && $1 == "leave" { if (function_at[level--] in file_of) --depth }
    END { print files + 0, changes + 0 }
  ' "$@"
}

breaches=0
breach() {
  echo "$1"
  breaches=$((breaches + 1))
}

# judge CALL WHAT FIGURE LIMIT
judge() {
  if (($3 > $4)); then breach "$1: $3 $2, and $4 is the limit"; fi
  if (($3 < $4)); then echo "$1: $3 $2, so the limit of $4 can be lowered"; fi
}

[[ "$asked" == *[![:space:]]* ]] || asked="$("$program")"
while read -r call files_max changes_max rest; do
  [[ -n "$call" ]] || continue
  [[ "$files_max$changes_max" != *[!0-9]* && -z "$rest" ]] ||
    stop "what is asked for is CALL or CALL FILES CHANGES: $call $files_max $changes_max $rest"
  [[ -z "$files_max" || -n "$changes_max" ]] || stop "$call: one limit is missing"

  "$program" "$call" >"$work/trace" || stop "$call could not be traced"
  sed -n 's/^enter //p' "$work/trace" | sort -u | addr2line -a -f -C -e "$program" >"$work/table"
  figures "$work/table" "$work/trace" >"$work/route"
  sed '$d' "$work/route"
  read -r files changes < <(tail -n 1 "$work/route")
  echo "$call: $files files, $changes changes of file"
  # Whatever is wrong with the table would look like a short route.
  if ((files < 2)); then breach "$call: that is no route"; fi
  if [[ -n "$files_max" ]]; then
    judge "$call" files "$files" "$files_max"
    judge "$call" "changes of file" "$changes" "$changes_max"
  fi
done <<<"$asked"
exit $((breaches > 0))
