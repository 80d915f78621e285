#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tries the mutants with one program after the other, and says what is left of them.

The first program tries all, each further one what the ones before did not kill. What a program has
said is kept and not asked again, unless the program is another one. The report names every mutant
that lives, by header. It fails if one lives in the rules or the tree that the list of
survivors does not have, if a listed one is killed or no longer exists, and below 95 % in all.
"""
import argparse
import collections
import hashlib
import os
import pathlib
import random
import subprocess
import sys

WHOLE = ("vmarea/rules/", "vmarea_shims/maple_tree")  # Here each one is killed, or has a reason.
PERCENT_MIN = 95


def read_mutants(path):
    """Number: (line, kind, name)."""
    mutants = {}
    for text in path.read_text().splitlines():
        number, line, kind, name = text.split("\t")
        mutants[int(number)] = (int(line), kind, name.rstrip())
    return mutants


def read_survivors(path):
    """Names of mutants, each with the comment above it."""
    reasons, reason, was_comment = {}, [], False
    for text in path.read_text().splitlines():
        if text.startswith("#"):
            reason = (reason if was_comment else []) + [text[1:].strip()]
            was_comment = True
        elif text:
            reasons[text] = " ".join(reason)
            was_comment = False
    return reasons


def read_results(path):
    """Number: (outcome, how), of the lines that are whole."""
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    words = [line.split() for line in lines if line.endswith("\n")]
    return {int(number): (outcome, " ".join(how)) for number, outcome, *how in words}


def results_of(program, numbers, results):
    """What the program says of the numbers; what it said before is taken from its file."""
    said = results / f"{program.name}.results"
    said_by = results / f"{program.name}.sha256"
    digest = hashlib.sha256(program.read_bytes()).hexdigest()
    is_same = said_by.exists() and said_by.read_text() == digest
    known = read_results(said) if is_same else {}
    said.write_text("".join(f"{number} {outcome} {how}".rstrip() + "\n"
                            for number, (outcome, how) in known.items()))
    said_by.write_text(digest)
    wanted = results / f"{program.name}.wanted"
    wanted.write_text("".join(f"{number}\n" for number in numbers if number not in known))
    if any(number not in known for number in numbers):
        # Random calls are the same in each run, and so is the answer.
        seed = {"VMAREA_SEED": os.environ.get("VMAREA_SEED", "1")}
        subprocess.run([program, wanted, said], check=True, env={**os.environ, **seed})
    return read_results(said)


def try_mutants(programs, numbers, results):
    """Number: (outcome, how), the last word of the programs."""
    outcomes = {number: ("unreached", "") for number in numbers}
    for program in programs:
        left = [number for number in numbers if outcomes[number][0] != "killed"]
        said = results_of(pathlib.Path(program).resolve(), left, results)
        outcomes.update({n: said[n] for n in left if said[n][0] != "unreached"})
    return outcomes


def folder(name):
    parts = name.split(" | ")[0].split("/")
    if parts[1].startswith("maple_tree"):
        return "vmarea_shims/maple_tree"
    return "/".join(parts[:2]) if len(parts) > 2 else parts[0]


def report(mutants, outcomes, reasons):
    """The text of the report, and what is wrong."""
    counts = collections.defaultdict(collections.Counter)
    names = {mutant[2] for mutant in mutants.values()}
    wrong = [f"listed, but does not exist: {name}" for name in reasons if name not in names]
    lines = []
    for number in sorted(outcomes):
        line, _, name = mutants[number]
        outcome = outcomes[number][0]
        if outcome == "killed" and name in reasons:
            wrong.append(f"listed, but killed: {name}")
        if outcome != "killed" and name in reasons:
            outcome = "listed"
        counts[folder(name)][outcome] += 1
        if outcome in ("survived", "unreached"):
            header, rest = name.split(" | ", 1)
            lines.append(f"{outcome:9} {header}:{line} | {rest}")
            if name.startswith(WHOLE):
                wrong.append(f"{outcome}: {name}")
    table = [f"{'':28}{'made':>7}{'reached':>9}{'killed':>8}{'listed':>8}{'survived':>10}"
             f"{'unreached':>11}{'killed, %':>11}"]
    total = collections.Counter()
    for count in counts.values():
        total.update(count)
    for name, count in [*sorted(counts.items()), ("all", total)]:
        made = sum(count.values())
        share = 100 * count["killed"] / max(1, made - count["listed"])
        reached = made - count["unreached"]
        table.append(f"{name:28}{made:7}{reached:9}{count['killed']:8}{count['listed']:8}"
                     f"{count['survived']:10}{count['unreached']:11}{share:11.2f}")
    if 100 * total["killed"] < PERCENT_MIN * (sum(total.values()) - total["listed"]):
        wrong.append(f"fewer than {PERCENT_MIN} % of all mutants are killed")
    return "\n".join([*table, "", *lines, ""]), wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutants", type=pathlib.Path, required=True)
    parser.add_argument("--survivors", type=pathlib.Path, required=True)
    parser.add_argument("--results", type=pathlib.Path, required=True, help="a folder")
    parser.add_argument("--output", type=pathlib.Path, required=True)
    parser.add_argument("--only", default="", help="mutants of headers whose name begins with this")
    parser.add_argument("--sample", type=int, default=0, help="so many of them, drawn by chance")
    parser.add_argument("--sample-seed", type=int, default=1)
    parser.add_argument("programs", nargs="+")
    options = parser.parse_args()
    mutants = {number: mutant for number, mutant in read_mutants(options.mutants).items()
               if mutant[2].startswith(options.only)}
    numbers = sorted(mutants)
    if 0 < options.sample < len(numbers):
        numbers = sorted(random.Random(options.sample_seed).sample(numbers, options.sample))
    outcomes = try_mutants(options.programs, numbers, options.results)
    reasons = {name: why for name, why in read_survivors(options.survivors).items()
               if name.startswith(options.only)}
    text, wrong = report(mutants, outcomes, reasons)
    options.output.write_text(text)
    print(text.split("\n\n")[0])
    print(f"\nThose that live: {options.output}")
    for complaint in wrong:
        print(f"mutation: {complaint}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
