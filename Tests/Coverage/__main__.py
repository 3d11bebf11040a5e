"""Judges which lines the tests have run: see scripts/coverage, which starts this.

A line counts as run when any of the reports says so. What no test reaches stands in unreached.txt, with the reason:

    Sources/MinatoSocket/Address/Example.swift
        guard let base = buffer.baseAddress else {  +2
            An array that is not empty has memory.

A path, a place, which is the text of the first of some lines in a row and how many follow it, and why. A number of a line would
be out of date whenever something above it changes; a text is when that very place does. A reason that begins with "Sometimes:"
is for what only chance brings about: such a place may be run, but has to be there.
"""
import collections
import dataclasses
import pathlib
import re
import sys


@dataclasses.dataclass(frozen=True)
class Place:
    """Lines in a row that no test runs."""
    file: str
    text: str
    more: int = 0

    def __str__(self):
        return f"{self.text}  +{self.more}" if self.more else self.text


def read_reports(paths, root):
    """Path below `root` -> number of a line -> whether a test has run it; from files that llvm-cov exported as lcov."""
    files = collections.defaultdict(dict)
    for path in paths:
        lines = {}
        for line in pathlib.Path(path).read_text().splitlines():
            key, _, value = line.partition(":")
            if key == "SF":
                file = pathlib.Path(value)
                lines = files[str(file.relative_to(root))] if file.is_relative_to(root / "Sources") else {}
            elif key == "DA":
                number, count = map(int, value.split(",")[:2])
                lines[number] = lines.get(number, False) or count > 0
    return files


def unreached(root, file, lines):
    """The places of a file, each with the number of its first line."""
    source = (root / file).read_text().splitlines()
    first = last = None
    # One further line, which ends the last place.
    for number in [*sorted(number for number, is_run in lines.items() if not is_run), None]:
        if first is not None and number != last + 1:
            yield first, Place(file, source[first - 1].strip(), last - first)
            first = None
        first, last = (number if first is None else first), number


def is_code(place):
    """Whether it is more than the end of a loop that is left from inside, which the compiler counts as if it could be run."""
    return (place.text, place.more) != ("}", 0)


def read_list(path):
    """The places of the list, as often as they stand there; those of them that may be run; and what is wrong with it."""
    places, chance, wrong = collections.Counter(), set(), []
    file = place = None
    has_reason = True
    for number, line in enumerate(path.read_text().splitlines(), 1):
        text, depth = line.strip(), len(line) - len(line.lstrip())
        if not text or line.startswith("#"):
            continue
        if depth == 0 and has_reason:
            file, place = text, None
        elif depth == 4 and file and has_reason:
            found = re.fullmatch(r"(.+?)(?:  \+(\d+))?", text)
            place = Place(file, found[1], int(found[2] or 0))
            places[place] += 1
            has_reason = False
        elif depth == 8 and place:
            if text.startswith("Sometimes: "):
                chance.add(place)
            has_reason = True
        else:
            wrong.append(f"{path.name}:{number}: out of order, or behind a place without a reason: {text}")
            has_reason = True
    if not has_reason:
        wrong.append(f"{path.name}: a place without a reason: {place}")
    return places, chance, wrong


def main(root, least, listed, *reports):
    root, least, listed = pathlib.Path(root), float(least), pathlib.Path(listed)
    files = read_reports(reports, root)
    justified, chance, wrong = read_list(listed)
    totals = collections.defaultdict(collections.Counter)
    for file, lines in sorted(files.items()):
        total = totals[file.split("/")[1]]
        total.update(all=len(lines), run=sum(lines.values()))
        for number, place in unreached(root, file, lines):
            if not is_code(place):
                total["all"] -= 1
            elif justified[place]:
                justified[place] -= 1
                total["justified"] += place.more + 1
            else:
                print(f"{file}:{number}: not run: {place}")
    for place in justified.elements():
        source = root / place.file
        if not source.exists() or place.text not in map(str.strip, source.read_text().splitlines()):
            wrong.append(f"{listed.name}: {place.file}: is not there any more: {place}")
        elif place not in chance:
            wrong.append(f"{listed.name}: {place.file}: is run: {place}")
    low = []
    for target, total in sorted(totals.items()):
        percent = 100 * total["run"] / total["all"]
        rest = 100 * total["run"] / (total["all"] - total["justified"])
        print(f"{target:14} {percent:6.2f} % of {total['all']} lines; {rest:6.2f} % without {total['justified']} justified")
        low += [target] if percent < least else []
    if low or not totals:
        wrong.append(f"below {least:g} %: {', '.join(low) or 'nothing was measured'}")
    print("\n".join(wrong), end="\n" if wrong else "")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
