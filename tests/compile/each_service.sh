#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# each_service.sh COMPILER SOURCE WORK: whatever a host lacks, the first line of the compiler's
# complaint names it. Every service is forgotten once, may throw once, and answers with a type of
# its own and is not const once where that matters; every type and constant is out of reach once.
set -euo pipefail
export LC_ALL=C
compiler="$1" source="$2" work="$3"
mkdir -p "$work"
compile=("$compiler" -std=c++20 -fsyntax-only -I"$source/include" -I"$source/tests/support")
if "$compiler" --version | grep -q clang; then
  compile+=(-ferror-limit=0)
fi
services="$(sed -n 's/^VMAREA_SERVICE(\(.*\))$/\1/p' "$source/include/vmarea/host/replacing.hpp")"
names="$(sed -n -e '/^concept DeclaresNames/,/^};/ {
    s/^ *typename Host::template \(Tree\)<.*/\1/p; s/^ *typename Host::\([A-Za-z]*\);/\1/p
    s/^ *typename std::bool_constant<Host::\(.*\)>;/\1/p }' \
  "$source/include/vmarea/host/each_service.hpp")"

# With every group declared, and whatever the name of the host that derives from it.
cat >"$work/full.hpp" <<'END_SOURCE'
#include <archetype.hpp>
#include <vmarea/host/replacing.hpp>
using namespace vmarea;
struct Full : test::DeclaredArchetype {
  using Links = LinkReservation;
  template <class Wanted>
  Result<void> prepare_mapping(FileHandle, Wanted&) const noexcept { return {}; }
  template <class Notice>
  void notify(const Notice&) noexcept {}
  template <class Area> Result<void> reserve_links(Links&, const Area&) noexcept { return {}; }
  template <class Area> Result<void> reserve_fork(Links&, const Area&) noexcept { return {}; }
  template <class Area> AnonIdentity new_identity(Links&, Area&) noexcept { return {}; }
  template <class Area> void clone_links(Links&, Area&, const Area&) noexcept {}
  template <class Area>
  AnonIdentity fork_links(Links&, Area&, const Area&) noexcept { return {}; }
  template <class Area> void leave_trees(Area&) noexcept {}
  template <class Area> void enter_trees(Area&) noexcept {}
  template <class Area> void unlink(Area&) noexcept {}
};
template struct vmarea::CompleteHost<Full>;
END_SOURCE
echo '#include "full.hpp"' >"$work/complete.cpp"
"${compile[@]}" "$work/complete.cpp"

# first_errors FILE: the sentences, two a host: that of what is missing, and that of its group.
first_errors() {
  if "${compile[@]}" "$1" 2>"$1.log"; then
    echo "$1 should not compile" >&2
    exit 1
  fi
  grep 'error:' "$1.log" | awk 'NR % 2' | sed -n 's/.*host: [a-z ]*: \([a-z_]*(\)/\1/p'
}
# same A B WORDS: both lists name the same services.
same() {
  diff <(echo "$1") <(sed 's/(.*//' <<<"$2") || {
    echo "< services; > those that $3"
    exit 1
  }
}

# refuses MISTAKE SERVICES: each of these services is named where the mistake is made in it. SERVICE
# and CALL in the host, from standard input, stand for its name and for a call of the right one.
refuses() {
  local mistake="$1" listed="$2" host service
  host="$(cat)"
  {
    echo '#include "full.hpp"'
    for service in $listed; do
      echo "namespace in_$service {"
      sed -e 's/CALL/return const_cast<Host*>(this)->Full::SERVICE(static_cast<A\&\&>(a)...);/' \
        -e "s/SERVICE/$service/g" <<<"$host"
      echo "} template struct vmarea::CompleteHost<in_$service::Host>;"
    done
  } >"$work/$mistake.cpp"
  said="$(first_errors "$work/$mistake.cpp")"
  same "$listed" "$said" "the first error line names where one of them $mistake"
}
refuses is_forgotten "$services" <<'END_SOURCE'
struct Host : Replacing<Full, Service::SERVICE> {};
END_SOURCE
sentences="$said"
refuses may_throw "$(grep -v make_tree <<<"$services")" <<'END_SOURCE'
struct Host : Full { template <class... A> decltype(auto) SERVICE(A&&... a) const { CALL } };
END_SOURCE
calls="$(tr '\n' ' ' <"$source/include/vmarea/host/services.hpp" |
  grep -oE '\{ [a-z]+\.(template )?[a-z_]+[^{}]*\} *(noexcept)? *(->)?')"
name_of='s/{ [a-z]*\.\(template \)*\([a-z_]*\).*/\2/p'
answering="$(grep -e '->$' <<<"$calls" | sed -n "$name_of")"
same "$answering" "$(grep -e '->' <<<"$sentences")" "have an answer in their sentence"
refuses answers_otherwise "$answering" <<'END_SOURCE'
struct Own {};
struct Host : Full { template <class... A> Own SERVICE(A&&...) const noexcept { return {}; }
  template <class> Own SERVICE() const noexcept { return {}; } };
END_SOURCE
constant="$(grep -E '^\{ (planning|reading)\.' <<<"$calls" | sed -n "$name_of")"
same "$constant" "$(grep -e ') const' <<<"$sentences")" "are const in their sentence"
same "$(grep -v make_tree <<<"$services")" "$(grep noexcept <<<"$sentences")" \
  "are noexcept in their sentence"
refuses is_not_const "$constant" <<'END_SOURCE'
struct Host : Full { template <class... A> decltype(auto) SERVICE(A&&... a) noexcept { CALL } };
END_SOURCE

for name in $names checks; do
  {
    echo '#include "full.hpp"'
    echo "class Host : public Full { struct $name; };"
    echo 'template struct vmarea::CompleteHost<Host>;'
  } >"$work/name.cpp"
  first="$("${compile[@]}" "$work/name.cpp" 2>&1 | grep -m 1 'error:' || true)"
  [[ "$first" =~ host:\ [a-z\ ]*:\ (the\ type|static\ constexpr\ bool)\ $name ]] || {
    echo "Without $name the first error is: $first"
    exit 1
  }
done
echo "$(wc -w <<<"$services") services have a sentence: $(wc -w <<<"$answering") answer," \
  "$(wc -w <<<"$constant") are const; and so have $(wc -w <<<"$names checks") types and constants"
