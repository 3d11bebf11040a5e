"""A process of the benchmark: bound to a core, with time limits on everything, and ended by its own number."""
import ctypes
import os
import pathlib
import resource
import select
import signal
import subprocess
import tempfile
import time

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class Failed(Exception):
    """A process did not do what it was started for; the text says why."""


class Child:
    """A process with pipes to its standard input and output. A context manager: at the end the process is gone."""

    def __init__(self, line, cores):
        def prepare():
            os.sched_setaffinity(0, cores)
            _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
            # Nobody is left behind when the runner is killed.
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

        self.line = line
        self._complaints = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._complaints, preexec_fn=prepare)
        self._pending = b""
        self.pid = self._process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()
        self._complaints.close()

    def read_line(self, seconds):
        """The next line of its output. Fails when none comes in time, or the process has ended."""
        deadline = time.monotonic() + seconds
        while b"\n" not in self._pending:
            left = deadline - time.monotonic()
            ready = left > 0 and select.select([self._process.stdout], [], [], left)[0]
            if not ready:
                raise Failed(f"{self._name}: no answer in {seconds} s")
            block = os.read(self._process.stdout.fileno(), 65536)
            if not block:
                words = self._last_words()
                raise Failed(words if words.startswith(f"{self._name}: ") else f"{self._name}: {words}")
            self._pending += block
        line, self._pending = self._pending.split(b"\n", 1)
        return line.decode()

    def write_line(self):
        """Sends an empty line to its input."""
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()

    def finish(self, seconds, end=None):
        """Ends its input, sends SIGTERM to the process `end` if given, waits, and gives the rest of its output."""
        self._process.stdin.close()
        if end is not None:
            os.kill(end, signal.SIGTERM)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self._name}: did not end in {seconds} s") from None
        return (self._pending + self._process.stdout.read()).decode()

    @property
    def status(self):
        return self._process.returncode

    @property
    def _name(self):
        return pathlib.Path(self.line[0]).name

    def _last_words(self):
        self._process.wait(10)
        self._complaints.seek(0)
        texts = [self._pending.decode(), self._complaints.read().decode(errors="replace")]
        lines = [line for text in texts for line in text.splitlines() if line.strip()]
        return lines[-1] if lines else f"ended with status {self._process.returncode}"
