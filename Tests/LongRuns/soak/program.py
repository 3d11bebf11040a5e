"""A program under soak: started, asked, looked at from outside, ended."""
import os
import select
import signal
import subprocess
import time


class Failed(Exception):
    """The run cannot go on; the text says why."""


class Program:
    def __init__(self, name, words, **options):
        self.name = name
        self.process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, **options)
        self._said = b""
        self.offers = {}
        while (line := self._line()) != "ready":
            key, _, value = line.partition("=")
            self.offers[key] = value

    def _line(self, limit=60.0):
        while b"\n" not in self._said:
            if not select.select([self.process.stdout], [], [], limit)[0]:
                raise Failed(f"{self.name}: says nothing for {limit:.0f} s")
            said = self.process.stdout.read(65_536)
            if not said:
                raise Failed(f"{self.name}: ended with {self.process.wait()}")
            self._said += said
        line, _, self._said = self._said.partition(b"\n")
        return line.decode()

    def ask(self, line):
        """What it answers, as numbers."""
        self.process.stdin.write(line.encode() + b"\n")
        return {key: int(value) for key, _, value in (word.partition("=") for word in self._line().split())}

    @property
    def pid(self):
        return self.process.pid

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def threads(self):
        return len(os.listdir(f"/proc/{self.pid}/task"))

    def private(self):
        """The bytes of memory that are its own."""
        with open(f"/proc/{self.pid}/smaps_rollup") as lines:
            return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith("Private"))

    def sample(self, like=None):
        """The numbers of a moment at which nothing is going on: it may take some seconds until that is so.

        What has ended is closed a moment later, of which nothing tells: with the sample `like` it is looked until there are as
        many descriptors and threads as then, without one until two looks agree.
        """
        end = time.monotonic() + 10
        before = None
        while True:
            numbers = self.ask("status") | {"descriptors": self.descriptors(), "threads": self.threads()}
            model = like or before
            is_same = model and all(numbers[kind] == model[kind] for kind in ("descriptors", "threads"))
            if numbers["tasks"] == 0 and is_same or time.monotonic() > end:
                return numbers | {"private": self.private()}
            before = numbers
            time.sleep(0.2)

    def stop(self):
        os.kill(self.pid, signal.SIGSTOP)

    def go_on(self):
        os.kill(self.pid, signal.SIGCONT)

    def end(self):
        """Its status: 0 when it ended by itself because its input did."""
        self.go_on()
        self.process.stdin.close()
        try:
            status = self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self.process.stdout.close()
        return status


def conclude(wrongs):
    """Prints what is wrong and whether it holds; the exit status for that."""
    for wrong in wrongs:
        print(f"FAILED {wrong}")
    print("failed" if wrongs else "holds")
    return 1 if wrongs else 0
