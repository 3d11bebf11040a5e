"""The timed cases: in each round every contender has its turn, so that what slows the machine slows all of them."""
import dataclasses

import machine
from child import Failed
from contenders import BASELINE
from load import Load
from progress import Progress
from server import Server


@dataclasses.dataclass(frozen=True)
class Sample:
    """One turn of one contender."""
    nanoseconds: float  # the processor time per message or request
    rate: float
    # Latencies, of those who are measured for them.
    p50: float | None = None
    p99: float | None = None
    p999: float | None = None


def _take_turn(contender, case, programs, seconds):
    with Server(contender.line(programs, case), machine.SERVER_CORES) as server:
        with Load(programs, server.port, [*case.load, "--seconds", seconds], machine.LOAD_CORES) as load:
            before = server.processor_time()
            result = load.run()
            used = server.processor_time() - before
            load.close()
        server.stop()
    return Sample(
        used / result["messages"], result["rate"], result["p50"], result["p99"], result["p999"])


def run(cases, contenders, programs, rounds, seconds, skipped, take_turn=_take_turn):
    """(case, contender) -> samples, one for each round. Who fails once is out of that case, and `skipped` says why."""
    samples = {}
    progress = Progress(rounds * sum(len(_entered(case, contenders)) for case in cases))
    for turn in range(rounds):
        for case in cases:
            entered = _entered(case, contenders)
            # Who comes first, and who comes after whom, changes from round to round.
            start = turn % len(entered)
            order = entered[start:] + entered[:start]
            for contender in order if turn % 2 == 0 else reversed(order):
                key = case.name, contender.name
                progress.step(f"round {turn + 1}, {case.name}, {contender.name}")
                if key in skipped:
                    continue
                try:
                    sample = take_turn(contender, case, programs, seconds)
                except Failed as problem:
                    if contender.name == BASELINE:
                        raise
                    skipped[key] = str(problem)
                    samples.pop(key, None)
                else:
                    samples.setdefault(key, []).append(sample)
    progress.end()
    return samples


def _entered(case, contenders):
    return [contender for contender in contenders if case.transport in contender.transports]
