#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# can_fail.sh ROOT: check_coverage.sh accepts a right table and refuses each kind of wrong one, by
# the words that belong to it.
set -euo pipefail
root="$1"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

mkdir -p "$work/tests/unit"
cat >"$work/tests/unit/some_test.cpp" <<'SOURCE'
TEST(Split, limit_is_kept) {
}
TYPED_TEST(Tree,
           finds_what_it_holds) {
}
SOURCE
echo style_format >"$work/names"

failures=0
# judge EXPECTED-WORDS < table: with `fine` for a table that is to be accepted.
judge() {
  local said status=0
  cat >"$work/table"
  said="$(bash "$root/tests/coverage/check_coverage.sh" "$work/table" "$work" "$work/names")" ||
    status=$?
  if [[ "$1" == fine ]]; then
    ((status == 0)) && return
  elif ((status != 0)) && grep -qxF "$1" <<<"$said"; then
    return
  fi
  printf 'expected "%s", got status %s and:\n%s\n' "$1" "$status" "$said"
  failures=$((failures + 1))
}

judge fine <<'TABLE'
# A comment.
sections: 7 8.1
7-1 limit :: Split.limit_is_kept
    Tree.finds_what_it_holds ctest:style_format
8.1-1 cursor :: n/a: nobody sees it
8.1-2 later :: pending: something
TABLE
judge '8: has no test' <<'TABLE'
sections: 7 8
7-1 limit :: Split.limit_is_kept
TABLE
judge '7-1: there is no test Split.limit_is_lost' <<'TABLE'
sections: 7
7-1 limit :: Split.limit_is_kept Split.limit_is_lost
TABLE
judge '7-1: there is no test ctest:style_colour' <<'TABLE'
sections: 7
7-1 limit :: ctest:style_colour
TABLE
judge '7-1: stands twice' <<'TABLE'
sections: 7
7-1 limit :: Split.limit_is_kept
7-1 other :: Tree.finds_what_it_holds
TABLE
judge '9-1: its section is not listed' <<'TABLE'
sections: 7
7-1 limit :: Split.limit_is_kept
9-1 other :: Split.limit_is_kept
TABLE
judge '7: is listed twice' <<'TABLE'
sections: 7 7
7-1 limit :: Split.limit_is_kept
TABLE
judge '7-1: says nothing' <<'TABLE'
sections: 7
7-1 limit ::
TABLE
judge '7-1: names Split.limit_is_kept twice' <<'TABLE'
sections: 7
7-1 limit :: Split.limit_is_kept Split.limit_is_kept
TABLE
judge '7-1: gives no reason' <<'TABLE'
sections: 7
7-1 limit :: n/a:
TABLE
judge '7-1: says not what is awaited' <<'TABLE'
sections: 7
7-1 limit :: pending:
TABLE
judge '7: is no row of a section' <<'TABLE'
sections: 7
7 limit :: Split.limit_is_kept
7-1 limit :: Split.limit_is_kept
TABLE

echo "$failures failures"
exit $((failures > 0))
