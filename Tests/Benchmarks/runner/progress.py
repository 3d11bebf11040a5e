"""Where the run is, on standard error: a line that is written over on a terminal, and nothing elsewhere."""
import sys


class Progress:
    def __init__(self, total):
        self._total = total
        self._done = 0
        self._shows = sys.stderr.isatty()

    def step(self, text):
        self._done += 1
        if self._shows:
            print(f"\r\033[K{self._done}/{self._total} {text}", end="", file=sys.stderr, flush=True)

    def end(self):
        if self._shows:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
