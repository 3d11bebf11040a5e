"""Holds thousands of connections, and thousands who are slow, and measures those who talk beside them: see scripts/hold."""
import argparse
import itertools
import os
import pathlib
import resource
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "soak"))

from cgroup import MemoryGroup  # noqa: E402
from program import Failed, Program, conclude  # noqa: E402

FACES = ("async", "responder")
RATE = 5000
QUIET_FACTOR = 2.0
# What a short run on a machine that does other things as well cannot tell from quiet.
SHORT_FLOOR = 500.0
CROWD_P99 = 20_000.0
MEMORY = 96 << 20
# Bytes of a line of those who read nothing.
LONG, TINY = 4096, 32


class Hold:
    def __init__(self, options):
        self.options = options
        self.wrongs = []

    def measure(self, face, idle=0, slow=0, deaf=0, length=LONG, limit=0, group=None):
        """One run with a server of its own: what the crowd has seen."""
        join = group.join if group else None
        server = Program(face, [self.options.folder + "/endurance", "hold", face, str(limit)], preexec_fn=join)
        try:
            words = [server.offers["port"], idle, slow, deaf, length, RATE, self.options.seconds, limit]
            done = subprocess.run(
                [self.options.folder + "/crowd", *map(str, words)], capture_output=True, text=True, timeout=120)
            if done.returncode:
                raise Failed(f"crowd: ended with {done.returncode}: {done.stderr}")
            seen = {key: float(value) for key, _, value in (word.partition("=") for word in done.stdout.split())}
            if seen["answered"] < seen["sent"] or seen["sent"] < RATE * self.options.seconds / 2:
                self.wrong(face, f"{seen['answered']:.0f} of {seen['sent']:.0f} lines were answered, at {RATE} a second")
            if seen["served"] < idle or seen["refused"]:
                self.wrong(face, f"{seen['served']:.0f} of {idle} were served, {seen['refused']:.0f} not connected")
            seen["tasks"] = server.sample()["tasks"]
            if seen["tasks"]:
                self.wrong(face, f"{seen['tasks']} connections are left when everybody has gone")
            return seen
        finally:
            if status := server.end():
                self.wrong(face, f"ended with {status}")

    def wrong(self, face, text):
        self.wrongs.append(f"{face}: {text}")

    def hold_idle(self):
        """Thousands who say nothing, beside those who talk: quiet and crowded in turn."""
        for face in FACES:
            p99 = {False: [], True: []}
            for _ in range(self.options.rounds):
                for is_crowded, seen in p99.items():
                    seen.append(self.measure(face, self.options.idle if is_crowded else 0)["p99"])
            quiet, crowded = map(statistics.median, p99.values())
            print(f"{face}: p99 {quiet:.0f} us, beside {self.options.idle} connections {crowded:.0f} us: "
                  f"{crowded / quiet:.2f} times, of {self.options.rounds} rounds", flush=True)
            if crowded > max(QUIET_FACTOR * quiet, SHORT_FLOOR if self.options.quick else 0):
                self.wrong(face, f"p99 is {crowded / quiet:.2f} times the quiet one, {QUIET_FACTOR} are allowed")

    def hold_slow(self):
        """Thousands who send slowly or read nothing, with little memory, beside those who talk."""
        slow, deaf, limit = self.options.slow, self.options.deaf, self.options.limit
        for face, length in itertools.product(FACES, self.options.lengths):
            with MemoryGroup(MEMORY) as group:
                if group.missing:
                    print(f"skipped: {face} in {MEMORY >> 20} MiB: {group.missing}", flush=True)
                    return
                runs = [self.measure(face, 0, slow, deaf, length, limit, group)
                        for _ in range(self.options.slow_rounds)]
                p99 = statistics.median(run["p99"] for run in runs)
                evicted = min(run["evicted"] for run in runs)
                print(f"{face} in {MEMORY >> 20} MiB beside {slow} slow and {deaf} deaf with lines of {length} B: "
                      f"p99 {p99:.0f} us of {len(runs)} rounds, {evicted:.0f} evicted after {limit} ms, "
                      f"peak {group.peak / (1 << 20):.1f} MiB", flush=True)
                if p99 > CROWD_P99:
                    self.wrong(face, f"p99 is {p99:.0f} us, {CROWD_P99:.0f} are allowed")
                # With tiny lines the server may still be at work for some of them.
                if length == LONG and evicted < slow + deaf:
                    self.wrong(face, f"{evicted:.0f} of {slow + deaf} were evicted at their limit")


def main():
    parser = argparse.ArgumentParser(prog="scripts/hold", add_help=False)
    parser.add_argument("folder")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    quick = options.quick
    options.lengths = (LONG,) if quick else (LONG, TINY)
    options.rounds, options.seconds, options.slow_rounds = (7, 1, 3) if quick else (5, 3, 3)
    options.idle, options.slow, options.deaf, options.limit = 9000, 5000, 500, 2000 if quick else 5000
    # For each of the two processes its own.
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 20_000 if hard == resource.RLIM_INFINITY else min(20_000, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    if wanted < options.idle + 256:
        options.idle = wanted // 2
        print(f"skipped: 9000 connections: the limit of descriptors is {wanted}; {options.idle} instead")
    hold = Hold(options)
    try:
        hold.hold_idle()
        hold.hold_slow()
    except (Failed, subprocess.TimeoutExpired) as error:
        hold.wrongs.append(str(error))
    return conclude(hold.wrongs)


if __name__ == "__main__":
    sys.exit(main())
