"""What ours promise in milliseconds and percent, which a test on a busy machine could not hold them to."""
import collections
import functools
import pathlib
import random
import re
import select
import signal
import socket
import subprocess
import tempfile
import time

import machine
from cases import CASES
from child import Child, Failed
from server import Server

LIMIT_SECONDS = 120

DESCRIPTORS = 64
CLIENTS = 500
IDLE_SECONDS = 5
TRIALS = 10
# From the first pause, 5 ms, to the longest, 1 s, it takes two seconds.
LONGEST_REST = 2.5

_Scarcity = collections.namedtuple("_Scarcity", "cpu calls delay")


def _loop(programs, what, word):
    with Child([str(programs / "minato-loop"), what], machine.ALL_CORES) as child:
        line = child.read_line(LIMIT_SECONDS)
        child.finish(LIMIT_SECONDS)
    found = re.fullmatch(rf"{word} ([\d.e-]+)", line)
    if not found:
        raise Failed(f"minato-loop: {line}")
    return float(found[1])


def timers(_, programs):
    """How late 99 of 100 timers are at most, in ms."""
    return _loop(programs, "timers", "late")


def cancellations(_, programs):
    """The longest time from a cancellation to the end of what it ends, in ms."""
    return _loop(programs, "cancellations", "slowest")


@functools.cache
def _scarcity(contender, programs):
    """A server that may have 64 descriptors, and 500 clients who connect, send a byte, and wait for it to come back."""
    line = [*contender.line(programs, CASES[0]), "--loops", "2", "--max-connections", str(2 * CLIENTS)]
    limit = ("prlimit", f"--nofile={DESCRIPTORS}")
    with Server(line, machine.ALL_CORES, limit) as server, _Crowd(server.port) as crowd:
        if not crowd.take(seconds=5, rest=0.5):
            raise Failed("nobody was served")
        before = server.processor_time()
        time.sleep(IDLE_SECONDS)
        used = server.processor_time() - before
        calls = _failing_calls(server.server_pid)
        delays = []
        for _ in range(TRIALS):
            time.sleep(random.uniform(0, LONGEST_REST))
            crowd.dismiss(1)
            begin = time.monotonic()
            if not crowd.take(seconds=10):
                raise Failed("a free descriptor was not used")
            delays.append(time.monotonic() - begin)
        while crowd.waiting:
            crowd.dismiss(len(crowd.served))
            if not crowd.take(seconds=10):
                raise Failed(f"{len(crowd.waiting)} clients were never served")
        server.stop()
    return _Scarcity(used / IDLE_SECONDS / 1e7, calls / IDLE_SECONDS, 1e3 * max(delays))


def _failing_calls(pid):
    """How many accept calls fail in IDLE_SECONDS. They come a second apart: strace may be there too late for one."""
    for _ in range(3):
        if (count := _count_failing_calls(pid)) is not None:
            return count
    raise Failed("strace counted nothing")


def _count_failing_calls(pid):
    """The same, None when there were no calls."""
    with tempfile.TemporaryDirectory() as directory:
        output = pathlib.Path(directory) / "count"
        line = ["strace", "-f", "-c", "-e", "trace=accept4", "-o", output, "-p", str(pid)]
        with subprocess.Popen(line, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as strace:
            time.sleep(IDLE_SECONDS)
            strace.send_signal(signal.SIGINT)
        text = output.read_text() if output.exists() else ""
    # "% time     seconds  usecs/call     calls    errors syscall"
    found = re.search(r"^\S+ +\S+ +\S+ +\d+ +(\d+) accept4$", text, re.M)
    return int(found[1]) if found else None


class _Crowd:
    """Clients who have sent a byte: those who have got it back, and those who wait for it."""

    def __init__(self, port):
        self.served = []
        self.waiting = {}
        self._poll = select.poll()
        for _ in range(CLIENTS):
            client = socket.create_connection(("127.0.0.1", port), timeout=10)
            client.sendall(b"x")
            self.waiting[client.fileno()] = client
            self._poll.register(client, select.POLLIN)

    def take(self, seconds, rest=0):
        """Waits for the first answer, then until none comes for `rest` seconds. False when none came at all."""
        ready = self._poll.poll(1000 * seconds)
        comes = bool(ready)
        while ready:
            for number, _ in ready:
                self._poll.unregister(number)
                self.served.append(self.waiting.pop(number))
            ready = self._poll.poll(1000 * rest)
        return comes

    def dismiss(self, count):
        for _ in range(count):
            self.served.pop().close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for client in (*self.served, *self.waiting.values()):
            client.close()


def _scarcity_measure(field):
    return lambda contender, programs: getattr(_scarcity(contender, programs), field)


MEASURES = {
    "timers": timers,
    "cancellations": cancellations,
    "scarcity-cpu": _scarcity_measure("cpu"),
    "scarcity-calls": _scarcity_measure("calls"),
    "scarcity-delay": _scarcity_measure("delay"),
}
# Which are measured by a program of their own.
PROGRAMS = {"timers": "minato-loop", "cancellations": "minato-loop"}
