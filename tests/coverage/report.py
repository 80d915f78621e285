#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Which lines and branches of include/ and shims/ the tests reached, all instantiations together.

A line of a template counts as reached where any of its instantiations was, in any program; each of
the two ways of a branch alike. llvm-cov's own sums take the best single instantiation instead.
Writes the lines and ways that are missing, file by file; exits with 1 below the floor. A condition
of a decision that has several is shown when it alone changed what was decided (MC/DC), in one of
the instantiations.

Left out is what no test could reach: lines of brackets and comments, what the compiler decides or
writes (`if constexpr`, the values of constants, `= default` and other implicit members), the way
out of a switch that has no default, where -Wswitch sees that each value is named, and a condition
as a whole, for its parts count. What else cannot be taken is listed with the reason; an entry of
that list which is taken, or is not there, is an error.
"""
import argparse
import collections
import glob
import json
import os
import re
import subprocess
import sys


def tool(name):
    """The release that compiled the programs comes first."""
    for candidate in (f"{name}-19", name):
        for folder in os.environ["PATH"].split(os.pathsep):
            if os.path.exists(os.path.join(folder, candidate)):
                return candidate
    sys.exit(f"coverage: {name}-19 is missing: cmake/setup.sh cmake/debian-packages-coverage.txt")


# What decides about merging, identities, holes and limits.
RULES = r"/vmarea/(rules/|space/(gap|account)\.hpp)"
# Nothing but brackets or a comment; directives; what the compiler decides, or writes itself.
NO_CODE = (r"^[\s{}();]*(//.*)?$|^\s*#|\bif constexpr\b|= default;|"
           r"^\s*(struct|class) .*\{$")


def lines_without_code(text):
    """The numbers of the lines where there is nothing that a test could reach."""
    lines, in_constant = set(), False
    for number, line in enumerate(text.split("\n"), 1):
        in_constant = in_constant or re.search(r"\bconstexpr .* = \[\] \{$", line) is not None
        if in_constant or re.search(NO_CODE, line):
            lines.add(number)
        if line == "}();":
            in_constant = False
    return lines


def is_switch(line, column):
    return line[:column - 1].rstrip().endswith("switch (")


def reached_lines(segments):
    """Yields line, count: as llvm-cov counts the lines of a file, but that code right behind a
    scope is no part of the gap between the two, and a macro hides no line."""
    by_line = collections.defaultdict(list)
    for segment in segments:
        by_line[segment[0]].append(segment)
    if not by_line:
        return
    wrapped = None
    for line in range(min(by_line), max(by_line) + 1):
        here = by_line.get(line, [])
        entries = [s for s in here if s[4] and s[3] and not s[5]]
        if here and here[0][3] and wrapped is not None and wrapped[5]:
            entries.append(here[0])
        skipped = bool(here) and not here[0][3] and here[0][4]
        if skipped and here[1:] and here[1][1] == here[0][1]:
            skipped = False  # No code: the place of a macro that is not looked into.
        goes_on = wrapped is not None and wrapped[3]
        if not skipped and (goes_on or entries):
            counts = [s[2] for s in entries]
            if goes_on:
                counts.append(wrapped[2])
            yield line, max(counts)
        if here:
            wrapped = here[-1]


class Coverage:
    def __init__(self, source):
        self.rooms = tuple(os.path.join(source, room) + os.sep for room in ("include", "shims"))
        self.lines = collections.defaultdict(lambda: collections.defaultdict(int))
        self.ways = collections.defaultdict(dict)
        self.conditions = collections.defaultdict(dict)
        self.texts = {}

    def add(self, program, profile):
        command = [tool("llvm-cov"), "export", "-skip-expansions", "-instr-profile", profile,
                   program, *[room.rstrip(os.sep) for room in self.rooms]]
        exported = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        for data in exported["data"]:
            for file in data["files"]:
                if file["filename"].startswith(self.rooms):
                    for line, count in reached_lines(file["segments"]):
                        self.lines[file["filename"]][line] += count
                    for decision in file.get("mcdc_records", []):
                        self.add_decision(file["filename"], decision)
            for function in data["functions"]:
                for branch in function["branches"]:
                    self.add_branch(function["filenames"], branch)

    def add_branch(self, filenames, branch):
        name = filenames[branch[6]]
        if not name.startswith(self.rooms):
            return
        taken = self.ways[name].setdefault(tuple(branch[:4]), [0, 0])
        taken[0] += branch[4]
        taken[1] += branch[5]

    def add_decision(self, name, decision):
        shown = self.conditions[name].setdefault(tuple(decision[:4]), [False] * len(decision[6]))
        for number, alone in enumerate(decision[6]):
            shown[number] = shown[number] or alone

    def leave_out_what_is_no_code(self):
        for name in self.lines:
            with open(name, encoding="utf-8") as file:
                text = file.read()
            words = self.texts[name] = text.split("\n")
            left = lines_without_code(text)
            for line in left:
                self.lines[name].pop(line, None)
            ends = collections.defaultdict(list)
            for place in self.ways[name]:
                ends[place[:2]].append(place[2:])
            self.ways[name] = {
                place: taken for place, taken in self.ways[name].items()
                if place[0] not in left and not is_switch(words[place[0] - 1], place[1])
                and place[2:] == min(ends[place[:2]])}
            self.conditions[name] = {place: shown for place, shown in self.conditions[name].items()
                                     if place[0] not in left}

    def missing_lines(self, name):
        """Yields line, text."""
        for line, count in sorted(self.lines[name].items()):
            if not count:
                yield line, self.texts[name][line - 1].strip()

    def missing_ways(self, name):
        """Yields place, 0 or 1 of its ways, text."""
        for place, ways in sorted(self.ways[name].items()):
            for way, what in enumerate(("true", "false")):
                if ways[way] == 0:
                    end = place[3] - 1 if place[2] == place[0] else None
                    shown = self.texts[name][place[0] - 1][place[1] - 1:end]
                    yield place, way, f"never {what}: {shown}"

    def missing_conditions(self, name):
        """Yields line, text."""
        for place, shown in sorted(self.conditions[name].items()):
            end = place[3] - 1 if place[2] == place[0] else None
            text = self.texts[name][place[0] - 1][place[1] - 1:end]
            for number, alone in enumerate(shown, 1):
                if not alone:
                    yield place[0], f"never alone: {number} of {len(shown)}: {text}"

    def leave_out_what_is_listed(self, listed, source):
        """Returns what was not missing."""
        left = set(listed)
        for name in self.lines:
            header = os.path.relpath(name, source)
            for line, text in list(self.missing_lines(name)):
                if f"{header}: {text}" in listed:
                    del self.lines[name][line]
                    left.discard(f"{header}: {text}")
            for place, way, text in list(self.missing_ways(name)):
                if f"{header}: {text}" in listed:
                    self.ways[name][place][way] = None
                    left.discard(f"{header}: {text}")
        return sorted(left)

    def sums(self, name):
        lines = self.lines[name].values()
        ways = [count for both in self.ways[name].values() for count in both if count is not None]
        conditions = [alone for shown in self.conditions[name].values() for alone in shown]
        return (sum(1 for count in lines if count), len(lines),
                sum(1 for count in ways if count), len(ways), sum(conditions), len(conditions))


def lines_of(path):
    """The lines of a file, without comments."""
    with open(path, encoding="utf-8") as text:
        return [line.strip() for line in text if line.strip() and not line.startswith("#")]


def percent(part, whole):
    return 100.0 * part / whole if whole else 100.0


def write_report(coverage, source, path):
    total = [0] * 6
    of_rules = [0, 0]
    with open(path, "w", encoding="utf-8") as report:
        for name in sorted(coverage.lines):
            sums = coverage.sums(name)
            total = [a + b for a, b in zip(total, sums)]
            if re.search(RULES, name):
                of_rules = [a + b for a, b in zip(of_rules, sums[4:])]
            report.write(f"{os.path.relpath(name, source):<55} lines {sums[0]:>4}/{sums[1]:<4} "
                         f"ways {sums[2]:>4}/{sums[3]:<4} "
                         f"conditions {sums[4]:>4}/{sums[5]:<4}\n")
            for line, text in coverage.missing_lines(name):
                report.write(f"  line {line:>4}: {text}\n")
            for place, _, text in coverage.missing_ways(name):
                report.write(f"  line {place[0]:>4}: {text}\n")
            for line, text in coverage.missing_conditions(name):
                report.write(f"  line {line:>4}: {text}\n")
    return total + of_rules


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for option in ("--floor", "--listed", "--source", "--profiles", "--output"):
        parser.add_argument(option, required=True)
    parser.add_argument("programs", nargs="+")
    given = parser.parse_args()

    raw = glob.glob(os.path.join(given.profiles, "**", "*.profraw"), recursive=True)
    if not raw:
        sys.exit("coverage: no test has written a profile")
    profile = os.path.join(given.profiles, "all.profdata")
    subprocess.run([tool("llvm-profdata"), "merge", "-sparse", "-o", profile, *raw], check=True)
    coverage = Coverage(os.path.abspath(given.source))
    for program in given.programs:
        coverage.add(program, profile)
    coverage.leave_out_what_is_no_code()
    wrongly_listed = coverage.leave_out_what_is_listed(lines_of(given.listed), given.source)
    sums = write_report(coverage, given.source, given.output)
    lines, ways, conditions, rules = (percent(sums[i], sums[i + 1]) for i in (0, 2, 4, 6))
    print(f"coverage: {lines:.2f} % of {sums[1]} lines, {ways:.2f} % of {sums[3]} ways of branches,"
          f" {conditions:.2f} % of {sums[5]} conditions, {rules:.2f} % of {sums[7]} of the rules")
    print(f"coverage: what is missing stands in {given.output}")

    floor = dict(line.split() for line in lines_of(given.floor))
    wrong = [f"{name} are below the floor of {floor[name]} %"
             for name, reached in (("lines", lines), ("ways", ways), ("conditions", conditions),
                                   ("conditions_of_rules", rules))
             if reached < float(floor[name])]
    wrong += [f"listed, but taken or not there: {entry}" for entry in wrongly_listed]
    if wrong:
        sys.exit("\n".join(f"coverage: {one}" for one in wrong))


if __name__ == "__main__":
    main()
