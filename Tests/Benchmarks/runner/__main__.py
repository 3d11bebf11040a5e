"""Measures servers side by side: see scripts/bench, which starts this."""
import json
import sys

import build
import clients
import counters
import machine
import options as command_line
import picture
import promises
import report
import rounds
from child import Failed
from progress import Progress
from results import Results


def _how(options):
    return (
        f"{machine.description()}. Median of {options.rounds} rounds, {options.seconds:g} s for each turn; "
        f"{_cores(options) if len(machine.ALL_CORES) > 1 else 'one core for all'}.")


def _cores(options):
    return "client and server on cores of their own" if options.urls else "server and load on cores of their own"


def _build(results, options):
    """Builds what is needed, and takes out who does not build; without the load generator and C there is nothing."""
    variants = {}
    products = {contender.product for contender in options.contenders if contender.product}
    if options.timed or any(name not in counters.NEED_STATIC for name in options.counters):
        own = {promises.PROGRAMS[name] for name in options.counters if name in promises.PROGRAMS}
        variants[build.TIMED] = sorted({*products, *own, "load", "udp-echo"})
    if any(name in counters.NEED_STATIC for name in options.counters):
        wanted = {contender.product for contender in options.contenders if "instructions" in contender.counters}
        variants[build.COUNTED] = sorted({*wanted, "load"})
    for variant, names in variants.items():
        failures = build.build(names, variant)
        for needed in ("load", "epoll-echo", "udp-echo"):
            if needed in failures:
                raise Failed(f"{needed} {failures[needed]}")
        counted = variant is build.COUNTED
        figures = [name for name in options.counters if (name in counters.NEED_STATIC) == counted]
        figures += [] if counted else [case.name for case in options.timed]
        for contender in options.contenders:
            if contender.product in failures:
                for figure in figures:
                    results.skipped[figure, contender.name] = failures[contender.product]
            for figure in figures:
                if promises.PROGRAMS.get(figure) in failures:
                    results.skipped[figure, contender.name] = failures[promises.PROGRAMS[figure]]
    return {variant: build.programs(variant) for variant in variants}


def _count(results, options, programs):
    measures = counters.MEASURES | promises.MEASURES
    turns = [(counter, contender) for counter in options.counters for contender in options.contenders
             if counter in contender.counters and (counter, contender.name) not in results.skipped]
    progress = Progress(len(turns))
    for counter, contender in turns:
        progress.step(f"{counter}, {contender.name}")
        variant = build.COUNTED if counter in counters.NEED_STATIC else build.TIMED
        try:
            results.counts[counter, contender.name] = measures[counter](contender, programs[variant])
        except Failed as problem:
            results.skipped[counter, contender.name] = str(problem)
    progress.end()


def _measure(options):
    results = Results(options.timed, options.contenders, options.counters)
    programs = _build(results, options)
    machine.warn_if_busy()
    _count(results, options, programs)
    if options.timed:
        results.samples = rounds.run(
            options.timed, options.contenders, programs[build.TIMED], options.rounds, options.seconds,
            results.skipped)
    return results


def main():
    options = command_line.read(sys.argv[1:])
    try:
        results = clients.measure(options) if options.urls else _measure(options)
    except Failed as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return 1

    print(report.text(results, _how(options)), end="")
    if options.json:
        with open(options.json, "w") as file:
            json.dump(results.as_data(), file, indent=1)
    if options.write:
        import article
        section = "urls" if options.urls else "servers"
        article.write(report.text(results, _how(options), heading="###"), picture.svg(results, section), section)
    met = all(verdict.word == "ok" for verdict in results.verdicts())
    return 1 if options.strict and not met else 0


if __name__ == "__main__":
    sys.exit(main())
