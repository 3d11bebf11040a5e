"""What ours are to reach, as data, and whether they did."""
import dataclasses
import operator


@dataclasses.dataclass(frozen=True)
class Target:
    """`figure` is the name of a case or of a counter.

    In a case the measure is `over`'s processor time per message divided by `under`'s, round by round; with a counter it
    is the count of `over`.
    """
    figure: str
    over: str
    limit: float
    under: str = "c"
    at_least: bool = False

    @property
    def text(self):
        return f"{'at least' if self.at_least else 'at most'} {self.limit:,g}"

    def judge(self, measured, spread=0.0):
        """True when it is met: the control's spread, the noise of this machine, is no failure."""
        if self.at_least:
            return measured >= self.limit - spread
        return measured <= self.limit + spread


def _ratios():
    rows = {  # responder, async
        "64x64": (1.03, 1.10),
        "1000x64": (1.05, 1.20),
        "64x16K": (1.03, 1.05),
        "64x64x16": (1.05, 1.10),
        "connect": (1.10, 1.15),
    }
    for case, (responder, task) in rows.items():
        yield Target(case, "responder", responder)
        yield Target(case, "async", task)
    for case in ("udp-one", "udp-batch"):
        yield Target(case, "responder", 1.05)
        yield Target(case, "async", 1.05)
    for peer, factor in (("nio-async", 3), ("flyingsocks", 3), ("nio-handler", 1.2)):
        yield Target("64x64", peer, factor, under="async", at_least=True)


def _counts():
    # The first two are what makes the baseline an honest one.
    yield Target("instructions", "c", 60)
    yield Target("calls", "c", 2.1)
    yield Target("instructions", "responder", 200)
    yield Target("instructions", "async", 1900)
    yield Target("instructions", "async-timeout", 2500)
    for face in ("responder", "async", "async-timeout"):
        yield Target("calls", face, 2.1)
    yield Target("memory", "responder", 600)
    yield Target("memory", "async", 2200)
    for face in ("responder", "async"):
        yield Target("loops", face, 30, at_least=True)


def _promises():
    yield Target("timers", "async", 5)
    yield Target("cancellations", "async", 100)
    for face in ("responder", "async"):
        yield Target("scarcity-cpu", face, 5)
        yield Target("scarcity-calls", face, 50)
        yield Target("scarcity-delay", face, 200)


TARGETS = sorted([*_ratios(), *_counts(), *_promises()], key=operator.attrgetter("at_least"))
