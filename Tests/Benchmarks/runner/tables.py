"""The results as tables of Markdown."""
from cases import COUNTERS, PROMISES
from contenders import BASELINE, CONTROL


def _table(head, rows):
    """A table whose columns are as wide as their widest cell, for those who read it on a terminal."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]

    def line(cells):
        return "| " + " | ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths))) + " |"

    rule = "|" + "|".join("-" * (width + 1) + ("-" if i == 0 else ":") for i, width in enumerate(widths)) + "|"
    return "\n".join([line(head), rule, *map(line, rows)])


def _number(value, digits=0):
    return "" if value is None else f"{value:,.{digits}f}"


def ratios(results):
    """Processor time as a multiple of C's: a row for each contender, a column for each case."""
    rows = []
    for contender in results.contenders:
        cells = [results.ratio(case.name, contender.name) for case in results.cases]
        if any(cells):
            rows.append([contender.title, *(_number(cell and cell.median, 2) for cell in cells)])
    return _table(["", *(case.title for case in results.cases)], rows)


def case(results, case):
    """All that was timed in one case; without latencies where nobody measured them."""
    unit = results.unit
    head = ["", f"ns per {unit}", "times C", "quartiles", f"{unit}s/s"]
    fields = ["p50", "p99", "p999"] if results.median(case.name, BASELINE, "p50") is not None else []
    head += ["p50 µs", "p99 µs", "p99.9 µs"][:len(fields)]
    rows = []
    for contender in results.contenders:
        def median(field, contender=contender):
            return results.median(case.name, contender.name, field)

        ratio = results.ratio(case.name, contender.name)
        if ratio:
            rows.append([
                contender.title, _number(median("nanoseconds")), _number(ratio.median, 3),
                "" if contender.name == BASELINE else f"{ratio.low:.3f} to {ratio.high:.3f}",
                _number(median("rate")), *(_number(median(field)) for field in fields)])
    return _table(head, rows)


def counters(results):
    """What was counted."""
    digits = {"calls": 2, "loops": 1}
    names = [name for name in results.counters if name in COUNTERS]
    rows = []
    for contender in results.contenders:
        counts = [results.counts.get((name, contender.name)) for name in names]
        if any(count is not None for count in counts):
            cells = (_number(count, digits.get(name, 0)) for name, count in zip(names, counts))
            rows.append([contender.title, *cells])
    return _table(["", *(COUNTERS[name] for name in names)], rows) if rows else ""


def verdicts(results):
    """Each target, what was measured, and whether it was met."""
    titles = {contender.name: contender.title for contender in results.contenders}
    headings = {case.name: case.title for case in results.cases} | COUNTERS | PROMISES
    rows = []
    for verdict in results.verdicts():
        target = verdict.target
        who = titles[target.over]
        if target.figure not in results.counters:
            who += f", as a multiple of {titles[target.under]}"
        digits = {"calls": 2} | dict.fromkeys(PROMISES, 1)
        digits = digits.get(target.figure, 0 if target.figure in results.counters else 3)
        rows.append([headings[target.figure], who, target.text, _number(verdict.measured, digits),
                     _number(verdict.spread or None, 3), verdict.word])
    return _table(["", "of", "target", "measured", "control's spread", ""], rows)


def skipped(results):
    """Who could not be measured, and why; one line for each reason."""
    titles = {contender.name: contender.title for contender in results.contenders}
    reasons = {}
    for (figure, name), reason in results.skipped.items():
        reasons.setdefault((name, reason), []).append(figure)
    return "\n".join(f"- {titles[name]} ({', '.join(figures)}): skipped: {reason}"
                     for (name, reason), figures in reasons.items())


def control_line(results):
    """How far C strays from C."""
    spreads = [f"{case.title} {results.spread(case.name):.3f}" for case in results.cases
               if results.ratio(case.name, CONTROL)]
    return f"Control, C against C, spread: {'; '.join(spreads)}." if spreads else ""
