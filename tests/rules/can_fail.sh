#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# can_fail.sh ROOT: check_rules.sh accepts a right rule book and refuses each kind of wrong one, by
# the words that belong to it.
set -euo pipefail
root="$1"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

mkdir -p "$work/tests/unit" "$work/include/vmarea/host" "$work/shims"
cat >"$work/tests/unit/some_test.cpp" <<'SOURCE'
TEST(Split, limit_is_kept) {
}
TYPED_TEST(Tree,
           finds_what_it_holds) {
}
SOURCE
cat >"$work/include/vmarea/host/any.hpp" <<'SOURCE'
struct KernelProfile {
  PartialEffects partial_effects = PartialEffects::as_linux;
  Flags kept{};
  constexpr Flags flags_for(Protection protection) const noexcept {
    return kept;
  }
};
SOURCE
echo style_format >"$work/names"

failures=0
# fresh: a right rule book of two sections.
fresh() {
  rm -rf "$work/book"
  mkdir "$work/book"
  cat >"$work/book/README.md" <<'BOOK'
# Rules

| file | about | sections |
|---|---|---|
| [07_split.md](07_split.md) | split | 7 |
| [08_modify.md](08_modify.md) | modify | 8.1 |

```
- **9-1** No rule, an example.
  - Tests: whatever.
```

| kernel | what is known |
|---|---|
| 6.12 | read |
| 6.18 | compared |
BOOK
  cat >"$work/book/names.md" <<'BOOK'
| Linux | here |
|---|---|
| version | `KernelProfile`, `PartialEffects::kept`, `flags_for()` in `include/` |
BOOK
  cat >"$work/book/07_split.md" <<'BOOK'
# 7 Split

A split cuts.

- **7-1** The count is at the limit:
  ENOMEM.
  - Kernels: since 6.18 (`kept`). Before, as in 6.12
    (`partial_effects`).
  - Tests: `Split.limit_is_kept`,
    `Tree.finds_what_it_holds`, `ctest:style_format`.
BOOK
  cat >"$work/book/08_modify.md" <<'BOOK'
# 8 Modify

## 8.1 Cursors

- **8.1-cursor** The cursor moves.
  - Tests: none, because positions are internal.

## Later

- **8.1-later** Something comes.
  - Tests: pending, something.
BOOK
}

# judge EXPECTED-WORDS: with `fine` for a rule book that is to be accepted.
judge() {
  local said status=0
  said="$(bash "$root/tests/rules/check_rules.sh" "$work/book" "$work" "$work/names")" || status=$?
  if [[ "$1" == fine ]]; then
    ((status == 0)) && return
  elif ((status != 0)) && grep -qxF -- "$1" <<<"$said"; then
    return
  fi
  printf 'expected "%s", got status %s and:\n%s\n' "$1" "$status" "$said"
  failures=$((failures + 1))
}

# refuses EXPECTED-WORDS FILE SED-SCRIPT: the right book with this change is refused.
refuses() {
  fresh
  sed -i "$3" "$work/book/$2"
  judge "$1"
}

# appended EXPECTED-WORDS FILE: the right book with these lines at the end of FILE is refused.
appended() {
  fresh
  cat >>"$work/book/$2"
  judge "$1"
}

fresh
judge fine

# Sections and files.
refuses '7: has no rule' 07_split.md '/^- /,$d'
refuses '7: is listed twice' README.md 's/| 8.1 |/| 7 8.1 |/'
refuses '7: is not listed' README.md 's/| split | 7 |/| split | 8.1 |/'
refuses '7: is listed with 08_modify.md' README.md \
  's/| 8.1 |/| 7 8.1 |/; s/| split | 7 |/| split | |/'
refuses '07_split.md: is not listed' README.md '/07_split/d'
refuses '07_split.md: is listed twice' README.md '/07_split/p'
refuses '07_split.md: its link leads elsewhere' README.md 's/(07_split/(08_modify/'
refuses '09_more.md: is listed and not there' README.md 's/08_modify/09_more/g'

# Rules.
refuses '7-1: says nothing' 07_split.md 's/^\(- \*\*7-1\*\*\).*/\1/; /^  ENOMEM/d'
refuses '7: is no rule of a section' 07_split.md 's/7-1/7/'
refuses '9-1: stands in section 7' 07_split.md 's/7-1/9-1/'
appended '7-1: stands twice' 07_split.md <<'BOOK'

- **7-1** Again.
  - Tests: `Split.limit_is_kept`.
BOOK
appended '7-2: has a line that belongs to nothing: none' 07_split.md <<'BOOK'

- **7-2** Something.
  - Tests: `Split.limit_is_kept`.
none
BOOK
appended '07_split.md:12: tests of no rule' 07_split.md <<'BOOK'

* **7-2** Something. Tests: `Split.limit_is_kept`.
BOOK

# Tests.
refuses '7-1: names no tests' 07_split.md '/Tests:/,$d'
refuses '7-1: there is no test Split.limit_is_lost' 07_split.md 's/limit_is_kept/limit_is_lost/'
refuses '7-1: there is no test ctest:style_colour' 07_split.md 's/style_format/style_colour/'
refuses '7-1: names Split.limit_is_kept twice' 07_split.md \
  's/Tree.finds[a-z_]*/Split.limit_is_kept/'
refuses '7-1: its tests are no list' 07_split.md 's/`Tree/and `Tree/'
refuses '7-1: says Tests twice' 07_split.md 's/Kernels:/Tests:/'
refuses '8.1-cursor: gives no reason' 08_modify.md 's/ because .*/ because/'
refuses '8.1-cursor: gives no reason' 08_modify.md 's/none, .*/none/'
refuses '8.1-later: says not what is awaited' 08_modify.md 's/pending, .*/pending/'

# Kernels.
refuses '7-1: there is no kernel 6.99' 07_split.md 's/6\.12/6.99/'
refuses '7-1: there is no kernel 7.x' 07_split.md 's/6\.12/7.x/'
refuses '7-1: names no kernel' 07_split.md 's/6\.[0-9]*/some/g'
refuses '7-1: there is no switch keeps' 07_split.md 's/`kept`/`keeps`/'
refuses 'kept: no rule has this switch' 07_split.md 's/ (`kept`)//'
appended '08_modify.md: there is no switch keeps' 08_modify.md <<'BOOK'

| `keeps` | yes |
BOOK

# Text.
refuses '07_split.md:3: ends in blanks' 07_split.md '3s/$/ /'
refuses '07_split.md:3: is too long' 07_split.md "3s/\$/$(printf '%0.s ha' {1..40})/"
refuses 'names.md: the headers have no flags_of()' names.md 's/flags_for/flags_of/'

echo "$failures failures"
exit $((failures > 0))
