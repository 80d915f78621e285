#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# check_coverage.sh TABLE ROOT CTEST_NAMES: every section of the rule book that TABLE lists has
# rows, every row says which tests cover it, and those tests exist: `Suite.test` in a source below
# ROOT/tests, `ctest:NAME` in the file CTEST_NAMES, one name a line. Prints each breach.
#
#   sections: 7 8            what has to be covered
#   7-1 limit reached :: Split.at_the_limit_is_refused
#       Split.other_test                                  a blank at the head continues a row
#   7-2 cursor position :: n/a: why no test can see it
#   7-3 to come :: pending: what is awaited               counted and printed
#
# Lines of `#` are comments.
set -euo pipefail
table="$1" root="$2" ctest_names="$3"

# existing_tests: every test of the sources, one name a line; a name may stand on a second line.
existing_tests() {
  find "$root/tests" -name '*_test.cpp' -print0 | sort -z | xargs -0 -r cat |
    tr '\n' ' ' | grep -oE '(^| )(TYPED_)?TEST(_F|_P)?\( *[A-Za-z0-9]+, *[A-Za-z0-9_]+ *\) *\{' |
    sed -E 's/^ *[A-Z_]+\( *//; s/, */./; s/ *\) *\{$//' || true
}

existing="$(existing_tests)"
awk -v existing="$existing" -v ctest_file="$ctest_names" '
  function breach(what) { print what; ++breaches }

  function check_names(id, text,    names, count, i, name) {
    count = split(text, names, " ")
    if (count == 0) breach(id ": names no test")
    for (i = 1; i <= count; ++i) {
      name = names[i]
      if (name in used_by && used_by[name] == id) breach(id ": names " name " twice")
      used_by[name] = id
      if (name ~ /^ctest:/ ? !(substr(name, 7) in in_ctest) : !(name in in_sources)) {
        breach(id ": there is no test " name)
      }
    }
    ++covered
    ++good[section_of(id)]
  }

  function section_of(id) { return substr(id, 1, index(id, "-") - 1) }

  function end_row(    at, id, rest) {
    if (row == "") return
    at = index(row, " :: ")
    id = row
    sub(/ .*/, "", id)
    rest = substr(row, at + 4)
    sub(/^ +/, "", rest)
    sub(/ +$/, "", rest)
    row = ""
    if (id !~ /^[^-]+-[^-]/) { breach(id ": is no row of a section"); return }
    if (at == 0 || rest == "") { breach(id ": says nothing"); return }
    if (id in seen) breach(id ": stands twice")
    seen[id] = 1
    if (!(section_of(id) in listed)) breach(id ": its section is not listed")
    if (rest ~ /^n\/a:/) {
      if (rest !~ /^n\/a: *[^ ]+ [^ ]/) breach(id ": gives no reason")
      ++unreachable
      ++good[section_of(id)]
    } else if (rest ~ /^pending:/) {
      if (rest !~ /^pending: *[^ ]+/) breach(id ": says not what is awaited")
      print "pending: " id " " substr(rest, 10)
      ++pending
      ++good[section_of(id)]
    } else {
      check_names(id, rest)
    }
  }

  BEGIN {
    count = split(existing, names, "\n")
    for (i = 1; i <= count; ++i) in_sources[names[i]] = 1
    while ((getline name < ctest_file) > 0) in_ctest[name] = 1
  }
  /^#/ { next }
  /^$/ { next }
  /^sections:/ {
    end_row()
    for (i = 2; i <= NF; ++i) {
      if ($i in listed) breach($i ": is listed twice")
      listed[$i] = 1
    }
    next
  }
  /^ / { sub(/^ +/, " "); row = row $0; next }
  { end_row(); row = $0 }
  END {
    end_row()
    for (section in listed) if (!(section in good)) breach(section ": has no test")
    printf "%d rows with tests, %d that no test can see, %d pending, %d breaches\n",
           covered, unreachable, pending, breaches
    exit breaches > 0
  }
' "$table"
