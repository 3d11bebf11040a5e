"""What was measured, and what it amounts to."""
import dataclasses
import statistics

from contenders import BASELINE, CONTROL
from targets import TARGETS


@dataclasses.dataclass(frozen=True)
class Ratio:
    """Quotients of processor times, of which each comes from one round."""
    median: float
    low: float
    high: float


@dataclasses.dataclass(frozen=True)
class Verdict:
    """Whether a target was met; `measured` is None when that cannot be said: `Results.skipped` tells why."""
    target: object
    measured: float | None
    spread: float
    word: str


class Results:
    def __init__(self, cases, contenders, counters, targets=TARGETS, unit="message"):
        self.targets = targets
        self.unit = unit  # what is counted: the processor time is given for each
        self.cases = cases
        self.contenders = contenders
        self.counters = counters
        self.samples = {}  # (case, contender) -> a Sample for each round
        self.counts = {}  # (counter, contender) -> number
        self.skipped = {}  # (case or counter, contender) -> reason

    def median(self, case, contender, field):
        values = [getattr(sample, field) for sample in self.samples.get((case, contender), ())]
        return statistics.median(values) if values and None not in values else None

    def ratio(self, case, over, under=BASELINE):
        """`over`'s processor time per message as a multiple of `under`'s, or None. Both of each pair ran in one round."""
        pairs = zip(self.samples.get((case, over), ()), self.samples.get((case, under), ()))
        quotients = [first.nanoseconds / second.nanoseconds for first, second in pairs]
        if not quotients:
            return None
        if len(quotients) == 1:
            return Ratio(*quotients * 3)
        low, median, high = statistics.quantiles(quotients, n=4, method="inclusive")
        return Ratio(median, low, high)

    def spread(self, case):
        """How far C strays from C: half the distance between the quartiles of the control's ratios."""
        control = self.ratio(case, CONTROL)
        return (control.high - control.low) / 2 if control else 0.0

    def verdicts(self):
        """A verdict on every target that belongs to what was asked for."""
        chosen = {contender.name for contender in self.contenders}
        figures = {case.name for case in self.cases} | set(self.counters)
        return [self._judge(target) for target in self.targets
                if target.figure in figures and target.over in chosen
                and (target.figure in self.counters or target.under in chosen)]

    def _judge(self, target):
        if target.figure in self.counters:
            measured, spread = self.counts.get((target.figure, target.over)), 0.0
        else:
            ratio = self.ratio(target.figure, target.over, target.under)
            measured, spread = (ratio.median if ratio else None), self.spread(target.figure)
        if measured is None:
            return Verdict(target, None, spread, "skipped")
        return Verdict(target, measured, spread, "ok" if target.judge(measured, spread) else "MISSED")

    def as_data(self):
        """Everything, for a file of JSON."""
        return {
            "samples": [{"case": case, "contender": name, "rounds": [dataclasses.asdict(sample) for sample in samples]}
                        for (case, name), samples in self.samples.items()],
            "counts": [{"counter": counter, "contender": name, "count": count}
                       for (counter, name), count in self.counts.items()],
            "skipped": [{"figure": figure, "contender": name, "reason": reason}
                        for (figure, name), reason in self.skipped.items()],
        }
