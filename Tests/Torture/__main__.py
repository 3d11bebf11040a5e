"""Has each system call of the network fail in each of the programs: see scripts/torture, which starts this."""
import argparse
import collections
import concurrent.futures
import hashlib
import shlex
import sys
import threading
import time

import case as cases
import clients
import errnos
import judge
import trace
from child import Child, Failed
from datagram import DatagramServer
from stream import StreamServer

PROGRAMS = {
    "tcp-async": lambda name: StreamServer(name, "async"),
    "tcp-responder": lambda name: StreamServer(name, "responder"),
    "tcp-blocking": lambda name: StreamServer(name, "blocking"),
    "tcp-async-poll": lambda name: StreamServer(name, "async", poll=True),
    "tcp-responder-poll": lambda name: StreamServer(name, "responder", poll=True),
    "udp-async": lambda name: DatagramServer(name, "async"),
    "udp-responder": lambda name: DatagramServer(name, "responder"),
    "udp-blocking": lambda name: DatagramServer(name, "blocking"),
    "udp-async-poll": lambda name: DatagramServer(name, "async", poll=True),
    "get": lambda name: clients.get(name, "127.0.0.1"),
    "get-name": lambda name: clients.get(name, "localhost"),
    "send": lambda name: clients.send(name, "127.0.0.1", b"Sent:     word\nReceived: word\n\n"),
}


class Run:
    """All cases of the programs, at most so many at a time, and what came of them."""

    def __init__(self, options):
        self.options = options
        self.counts = collections.defaultdict(collections.Counter)
        self.failures = []
        self.left_out = 0
        self._lock = threading.Lock()
        self._end = time.monotonic() + options.seconds if options.seconds else None

    def sites(self, program):
        """The places at which a program can be struck: those of three runs in which nothing fails."""
        found = {}
        for _ in range(3):
            with Child(program.words(self.options.binary), errnos.ALLOWED, environment=program.environment) as child:
                seen = program.run(child, None)
                if seen.told or seen.broken:
                    raise Failed(f"{program.name}: does not work by itself: {child.complaint()}")
                found |= trace.sites(child.trace)
        return found

    def work(self, programs):
        jobs = []
        for program in programs:
            sites = self.sites(program)
            chosen = map(cases.Case.parse, self.options.case) if self.options.case else cases.all_of(sites)
            jobs += [(program, case) for case in chosen]
        # In an order that is always the same, and mixed: whatever there is time for has something of everything.
        jobs.sort(key=lambda job: hashlib.sha256(f"{job[0].name} {job[1].name}".encode()).digest())
        if self.options.quick:
            jobs = [job for job in jobs if not job[1].is_slow]
        # Those that wait for long cost no processor time: many of them at once, beside the others.
        with concurrent.futures.ThreadPoolExecutor(16) as slow, \
                concurrent.futures.ThreadPoolExecutor(self.options.jobs) as quick:
            for job in jobs:
                (slow if job[1].is_slow else quick).submit(self._note, *job)

    def _note(self, program, case):
        if self._end and time.monotonic() > self._end:
            with self._lock:
                self.left_out += 1
            return
        try:
            verdict, why = self._try(program, case)
        except Exception as error:  # a mistake in here must not look like success
            verdict, why = judge.FAILED, f"the test itself: {error!r}"
        if verdict == judge.FAILED:
            # Once more by itself: on a busy machine a limit may be over for no other reason.
            again, why_again = self._try(program, case)
            verdict, why = (again, why_again) if again != judge.FAILED else (verdict, why)
        with self._lock:
            self.counts[program.name][verdict] += 1
            if self.options.verbose or verdict == judge.FAILED:
                print(f"{verdict} {program.name} {case.name}{': ' + why if why else ''}", flush=True)
            if verdict == judge.FAILED:
                self.failures.append((program, case, why))
                words = trace.command("trace", [case.call], case.rule) + program.words(self.options.binary)
                print(f"    {shlex.join(words)}\n    scripts/torture --only {program.name} --case {case.name}", flush=True)

    def _try(self, program, case):
        words = program.words(self.options.binary)
        with Child(words, [case.call], case.rule, program.environment) as child:
            failure = seen = None
            try:
                seen = program.run(child, case)
            except Failed as error:
                failure = error
                if child.process.returncode is None:
                    child.process.kill()
                    child.wait()
            calls = trace.calls(child.trace)
            struck = [call for call in calls if call.is_injected and call.is_network]
            # What becomes of a dispatch queue that cannot go on is not ours to say: it ends the process.
            foreign = [call for call in struck if call.is_foreign]
            if len(foreign) == len(struck) or failure and foreign and case.error != "EINTR":
                return judge.MISSED, ""
            try:
                if failure:
                    raise failure
                return judge.judge(case, seen, calls), ""
            except Failed as error:
                return judge.FAILED, str(error)

    def report(self):
        columns = [judge.RIGHT, judge.TYPED, judge.STRUCK, judge.FAILED]
        print(f"{'program':20}{'cases':>8}" + "".join(f"{column:>8}" for column in columns))
        total = collections.Counter()
        for name in PROGRAMS:
            if name in self.counts:
                self._row(name, self.counts[name], columns)
                total += self.counts[name]
        self._row("all", total, columns)
        if total[judge.MISSED]:
            print(f"{total[judge.MISSED]} more did not come to their place, or struck no socket, and do not count")
        if self.left_out:
            print(f"{self.left_out} left out for want of time")
        return total[judge.FAILED] == 0 and total.total() > total[judge.MISSED]

    @staticmethod
    def _row(name, counts, columns):
        print(f"{name:20}{sum(counts[column] for column in columns):8}" + "".join(f"{counts[c]:8}" for c in columns))


def main():
    parser = argparse.ArgumentParser(prog="scripts/torture", add_help=False)
    parser.add_argument("binary")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--only", action="append", choices=PROGRAMS)
    parser.add_argument("--case", action="append")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    if options.quick and not options.seconds:
        options.seconds = 50
    if reason := trace.missing():
        print(f"skipped: {reason}")
        return 0
    run = Run(options)
    began = time.monotonic()
    run.work([make(name) for name, make in PROGRAMS.items() if not options.only or name in options.only])
    holds = run.report()
    print(f"{time.monotonic() - began:.0f} s")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
