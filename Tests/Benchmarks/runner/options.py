"""The command line."""
import argparse

from cases import CASES, COUNTERS, PROMISES
from contenders import BASELINE, CONTENDERS, CONTROL
from fetches import CLIENTS, FETCHES


def _choice(names, kind):
    def choose(text):
        chosen = text.split(",")
        for name in chosen:
            if name not in names:
                raise argparse.ArgumentTypeError(f"no {kind} {name}; there are: {', '.join(names)}")
        return chosen
    return choose


def _positive(convert):
    def check(text):
        value = convert(text)
        if not value > 0:
            raise argparse.ArgumentTypeError("more than 0, please")
        return value
    return check


def read(arguments):
    """What is to be done."""
    are_clients = "--urls" in arguments
    contenders, cases = (CLIENTS, FETCHES) if are_clients else (CONTENDERS, CASES)
    names = [contender.name for contender in contenders]
    counters = {} if are_clients else {**COUNTERS, **PROMISES}
    figures = [*(case.name for case in cases), *counters]
    parser = argparse.ArgumentParser(
        prog="bench", description="Measures Minato's servers beside a bare epoll server in C, and others.")
    parser.add_argument("--urls", action="store_true", help="measure what opens URLs, beside libcurl in C, instead")
    parser.add_argument("--quick", action="store_true", help="3 rounds of 0.25 s instead of 9 of 1 s")
    parser.add_argument("--rounds", type=_positive(int), help="how often everybody has a turn in each case")
    parser.add_argument("--seconds", type=_positive(float), help="how long a turn takes")
    parser.add_argument("--only", type=_choice(names, "contender"), default=names, metavar="NAME,...",
                        help=f"these contenders, and C for comparison: {', '.join(names)}")
    parser.add_argument("--cases", type=_choice(figures, "case"), default=figures, metavar="NAME,...",
                        help=f"these cases and counters: {', '.join(figures)}")
    parser.add_argument("--write", action="store_true", help="put the report and the picture into the documentation")
    parser.add_argument("--json", metavar="FILE", help="write every single measurement to a file")
    parser.add_argument("--list", action="store_true", help="print the names of contenders and cases")
    parser.add_argument("--strict", action="store_true", help="exit status 1 unless every target is met")
    options = parser.parse_args(arguments)
    if options.list:
        titles = [(item.name, item.title) for item in [*contenders, *cases]] + list(counters.items())
        parser.exit(message="".join(f"{name:14} {title}\n" for name, title in titles))
    options.rounds = options.rounds or (3 if options.quick else 9)
    options.seconds = options.seconds or (0.25 if options.quick else 1.0)
    options.contenders = [contender for contender in contenders
                          if contender.name in options.only or contender.name in (BASELINE, CONTROL)]
    options.timed = [case for case in cases if case.name in options.cases]
    options.counters = [name for name in counters if name in options.cases]
    return options
