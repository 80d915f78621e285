#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# check_rules.sh FOLDER ROOT CTEST_NAMES: the rule book of FOLDER is whole and true. Prints each
# breach, what is pending, and counts.
#
#   README.md   lists every section file and its sections, and the kernels that rules may name
#   NN_*.md     each section has rules; each rule says its tests, which exist, or why there are none
#   names.md    names only what stands in the headers of ROOT
#
# Switches are the members of KernelProfile: no rule names another, and each is named by a rule.
#
# A test is `Suite.test` in a source below ROOT/tests, or `ctest:NAME` in the file CTEST_NAMES, one
# name a line. README.md says how a rule is written.
set -euo pipefail
export LC_ALL=C
folder="$1" root="$2" ctest_names="$3"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# every_test: each test of the sources, one name a line; a name may stand on a second line.
every_test() {
  find "$root/tests" -name '*_test.cpp' -print0 | sort -z | xargs -0 -r cat |
    tr '\n' ' ' | grep -oE '(^| )(TYPED_)?TEST(_F|_P)?\( *[A-Za-z0-9]+, *[A-Za-z0-9_]+ *\) *\{' |
    sed -E 's/^ *[A-Z_]+\( *//; s/, */./; s/ *\) *\{$//' || true
}

# every_switch: the members of KernelProfile, wherever its header lies.
every_switch() {
  { grep -rlE '^struct KernelProfile \{' "$root/include/vmarea" || true; } | xargs -r cat |
    awk '/^struct KernelProfile \{/ { inside = 1; next }
         /^\};/ { inside = 0 }
         inside && /^  [A-Za-z_:]+ [a-z_0-9]+( =|;|\{)/ { sub(/[;{].*/, "", $2); print $2 }'
}

every_test >"$work/tests"
every_switch >"$work/switches"
find "$root/include" "$root/shims" -name '*.hpp' -print0 2>/dev/null | sort -z | xargs -0 -r cat |
  tr -c 'A-Za-z0-9_' '\n' | sort -u >"$work/words" || true

cd "$folder"
mapfile -t files < <(find . -maxdepth 1 -name '[0-9]*.md' | sed 's,^\./,,' | sort)
texts=("${files[@]}")
if [[ -e names.md ]]; then texts+=(names.md); fi

awk -v tests="$work/tests" -v ctest="$ctest_names" -v switches="$work/switches" \
  -v words="$work/words" '
  function breach(what) { print what; ++breaches }

  function read_list(file, list,    line) {
    while ((getline line < file) > 0) list[line] = 1
    close(file)
  }

  # The contents and the kernels of README.md.
  function read_contents(    cells, count, i, file, parts, name) {
    count = split($0, cells, "|")
    name = cells[2]
    gsub(/ /, "", name)
    if (name ~ /^[0-9]+(\.[0-9]+)+$/) { kernels[name] = 1; return }
    if (name !~ /^\[[0-9][0-9a-z_]*\.md\]\(.*\)$/) return
    file = substr(name, 2, index(name, "]") - 2)
    if (file in listed_files) breach(file ": is listed twice")
    listed_files[file] = 1
    if (name != "[" file "](" file ")") breach(file ": its link leads elsewhere")
    count = split(cells[count - 1], parts, " ")
    for (i = 1; i <= count; ++i) {
      if (parts[i] in listed) breach(parts[i] ": is listed twice")
      listed[parts[i]] = file
    }
  }

  function section_of(id) { return substr(id, 1, index(id, "-") - 1) }

  function check_tests(    text, count, parts, i, name, before) {
    text = fields["Tests"]
    if (text ~ /^none,? because$/ || text ~ /^none, because *[^ ]*$/ || text ~ /^none *$/) {
      breach(id ": gives no reason")
      return
    }
    if (text ~ /^none, because [^ ]+ [^ ]/) { ++unreachable; return }
    if (text ~ /^pending/) {
      if (text !~ /^pending, [^ ]+/) breach(id ": says not what is awaited")
      print "pending: " id " " substr(text, 10)
      ++pending
      return
    }
    if (text !~ /^`[^` ]+`(, `[^` ]+`)*\.$/) { breach(id ": its tests are no list"); return }
    before = breaches
    count = split(text, parts, "`")
    for (i = 2; i < count; i += 2) {
      name = parts[i]
      if (name in used_by && used_by[name] == id) breach(id ": names " name " twice")
      used_by[name] = id
      if (name ~ /^ctest:/ ? !(substr(name, 7) in in_ctest) : !(name in in_sources)) {
        breach(id ": there is no test " name)
      }
    }
    ++covered
  }

  function check_kernels(    text, count, parts, i, rest, named) {
    text = fields["Kernels"]
    if (text ~ /^all[.,; ]/) named = 1
    count = split(text, parts, "`")
    for (i = 2; i < count; i += 2) {
      used_switches[parts[i]] = 1
      if (!(parts[i] in in_switches)) breach(id ": there is no switch " parts[i])
    }
    rest = ""
    for (i = 1; i <= count; i += 2) rest = rest " " parts[i]
    while (match(rest, /[0-9]+(\.[0-9a-z]+)+/)) {
      named = 1
      if (!(substr(rest, RSTART, RLENGTH) in kernels)) {
        breach(id ": there is no kernel " substr(rest, RSTART, RLENGTH))
      }
      rest = substr(rest, RSTART + RLENGTH)
    }
    if (!named) breach(id ": names no kernel")
  }

  function end_rule() {
    if (id == "") return
    ++rules[section_of(id)]
    if (said !~ /[^ ]/) breach(id ": says nothing")
    if ("Kernels" in fields) check_kernels()
    if (!("Tests" in fields)) breach(id ": names no tests"); else check_tests()
    id = ""
    field = ""
    split("", fields)
  }

  function begin_rule() {
    end_rule()
    id = $2
    gsub(/\*/, "", id)
    said = $0
    sub(/^- \*\*[^*]*\*\*/, "", said)
    if (id !~ /^[0-9.]+-[^-]/) { breach(id ": is no rule of a section"); id = ""; return }
    if (id in seen) breach(id ": stands twice")
    seen[id] = 1
    if (section_of(id) != section) breach(id ": stands in section " section)
  }

  function begin_field(    name) {
    name = $2
    sub(/:$/, "", name)
    if (name in fields) breach(id ": says " name " twice")
    field = name
    fields[field] = $0
    sub(/^  - [A-Za-z]+: */, "", fields[field])
  }

  function check_line() {
    if (length($0) > ($0 ~ /^\|/ ? 120 : 100)) breach(FILENAME ":" FNR ": is too long")
    if ($0 ~ /[ \t]$/) breach(FILENAME ":" FNR ": ends in blanks")
  }

  function check_names(    count, parts, i, name) {
    count = split($0, parts, "`")
    for (i = 2; i < count; i += 2) {
      name = parts[i]
      if (name ~ /\//) continue
      sub(/\(\)$/, "", name)
      sub(/.*::/, "", name)
      if (name != "" && !(name in in_words)) breach(FILENAME ": the headers have no " parts[i])
    }
  }

  BEGIN {
    read_list(tests, in_sources)
    read_list(ctest, in_ctest)
    read_list(switches, in_switches)
    read_list(words, in_words)
  }
  { check_line() }
  FNR == 1 { end_rule(); section = ""; fenced = 0 }
  /^```/ { fenced = !fenced }
  fenced { next }
  FILENAME == "README.md" { if (/^\|/) read_contents(); next }
  FILENAME == "names.md" { if (/^\|/) check_names(); next }
  FNR == 1 {
    files[FILENAME] = 1
    if (!(FILENAME in listed_files)) breach(FILENAME ": is not listed")
  }
  /^#+ [0-9]/ {
    end_rule()
    section = $2
    if (section in listed && listed[section] != FILENAME) {
      breach(section ": is listed with " listed[section])
    }
    next
  }
  /^#/ { end_rule(); next }
  /^- \*\*[^*]*\*\*/ { begin_rule(); next }
  /^ *$/ { end_rule(); next }
  id != "" && /^  - (Kernels|Tests): / { begin_field(); next }
  id != "" && field == "" && /^  [^ -]/ { said = said $0; next }
  id != "" && field != "" && /^    [^ ]/ { sub(/^ +/, " "); fields[field] = fields[field] $0; next }
  id != "" { breach(id ": has a line that belongs to nothing: " $0); next }
  /^\| `[a-z0-9_]+` \|/ {
    name = $2
    gsub(/`/, "", name)
    if (!(name in in_switches)) breach(FILENAME ": there is no switch " name)
    next
  }
  /Tests:/ { breach(FILENAME ":" FNR ": tests of no rule") }
  END {
    end_rule()
    for (file in listed_files) if (!(file in files)) breach(file ": is listed and not there")
    for (section in listed) if (!(section in rules)) breach(section ": has no rule")
    for (section in rules) {
      ++sections
      if (!(section in listed)) breach(section ": is not listed")
    }
    for (name in in_switches) if (!(name in used_switches)) breach(name ": no rule has this switch")
    printf "%d sections, %d rules with tests, %d that no test can see, %d pending, %d breaches\n",
           sections, covered, unreachable, pending, breaches
    exit breaches > 0
  }
' README.md "${texts[@]}"
