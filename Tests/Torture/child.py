"""A traced program: started, waited for with a limit, judged by how it ended."""
import os
import select
import signal
import subprocess
import tempfile
import time

import trace

LIMIT = 5.0


class Failed(Exception):
    """The run broke a rule; the text says which."""


class Child:
    """A program below strace, its output and its end."""

    def __init__(self, words, calls, rule=None, environment=None):
        self.folder = tempfile.TemporaryDirectory(prefix="torture")
        self.trace = os.path.join(self.folder.name, "trace")
        self.errors = tempfile.TemporaryFile(dir=self.folder.name)
        self.process = subprocess.Popen(
            trace.command(self.trace, calls, rule) + words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=self.errors, env={**os.environ, "SWIFT_BACKTRACE": "enable=no", **(environment or {})})
        self.pid = self.process.pid
        self._handle = os.pidfd_open(self.pid)
        self.seconds_used = 0.0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.returncode is None:
            self.process.kill()
            self.wait(LIMIT)
        os.close(self._handle)
        self.process.stdout.close()
        self.errors.close()
        self.folder.cleanup()

    def read_line(self, limit=LIMIT):
        """The first line of its output; empty when it ended before, None when neither happened."""
        line, end = b"", time.monotonic() + limit
        while not line.endswith(b"\n"):
            if not select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))[0]:
                return None
            piece = os.read(self.process.stdout.fileno(), 4096)
            if not piece:
                break
            line += piece
        return line.decode()

    def read_all(self, limit=LIMIT):
        """All of its output, up to when it and its tracer have ended; None when the time was over."""
        text, end = b"", time.monotonic() + limit
        while True:
            if not select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))[0]:
                return None
            piece = os.read(self.process.stdout.fileno(), 65536)
            if not piece:
                return text
            text += piece

    def wait(self, limit=LIMIT):
        """Its status as subprocess has it; None when it still runs."""
        if self.process.returncode is None:
            if not select.select([self._handle], [], [], limit)[0]:
                return None
            _, status, usage = os.wait4(self.pid, 0)
            self.process.returncode = os.waitstatus_to_exitcode(status)
            self.seconds_used = usage.ru_utime + usage.ru_stime
            # The tracer has the pipe too: at its end the trace is whole.
            self.read_all()
        return self.process.returncode

    @property
    def has_ended(self):
        return self.process.returncode is not None or bool(select.select([self._handle], [], [], 0)[0])

    def end(self, limit=LIMIT):
        """Asks it to end, and returns its status."""
        if not self.has_ended:
            os.kill(self.pid, signal.SIGTERM)
        status = self.wait(limit)
        if status is None:
            raise Failed("hangs at its end")
        return status

    def complaint(self):
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace").strip()

    def descriptors(self):
        """What its open descriptors are."""
        found = []
        try:
            for name in os.listdir(f"/proc/{self.pid}/fd"):
                try:
                    found.append(os.readlink(f"/proc/{self.pid}/fd/{name}"))
                except FileNotFoundError:
                    pass
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            pass
        return found

    def judge_end(self, prefix="minato: "):
        """Whether it ended with an error that says what was wrong; False: with success."""
        status, complaint = self.process.returncode, self.complaint()
        if status < 0:
            raise Failed(f"died by {signal.Signals(-status).name}: {complaint[-200:]}")
        if self.seconds_used > 2:
            raise Failed(f"used {self.seconds_used:.1f} s of processor time")
        if status == 0:
            return False
        if status != 1 or prefix not in complaint:
            raise Failed(f"ended with {status}: {complaint[-200:]!r}")
        return True
