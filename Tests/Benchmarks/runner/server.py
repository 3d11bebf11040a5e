"""A server under load."""
import os
import pathlib
import signal
import time

from child import Child, Failed

START_SECONDS = 60
END_SECONDS = 60


class Server(Child):
    """A server that has told its port. `tracer` is a command in front of it: strace, which forks, or valgrind, which does
    not."""

    def __init__(self, line, cores, tracer=()):
        super().__init__([*tracer, *line], cores)
        try:
            word, _, port = self.read_line(START_SECONDS).partition(" ")
            if word != "port" or not port.isdigit():
                raise Failed(f"{pathlib.Path(line[0]).name}: {word} {port}")
            self.port = int(port)
            self.server_pid = self._find_server()
        except BaseException:
            self.__exit__()
            raise

    def _find_server(self):
        children = pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        traced = self.line[0] == "strace"
        return int(children[0]) if traced and children else self.pid

    def processor_time(self):
        """What the server has used so far, in ns: all its threads, those that have ended too, in user and kernel mode."""
        # The clock of another process, made as clock_getcpuclockid(3) does.
        return time.clock_gettime_ns(~self.server_pid << 3 | 2)

    def private_memory(self):
        """Bytes in memory that no other process shares."""
        lines = pathlib.Path(f"/proc/{self.server_pid}/smaps_rollup").read_text().splitlines()
        return sum(1024 * int(line.split()[1]) for line in lines if line.startswith(("Private_Clean", "Private_Dirty")))

    def stop(self):
        """Ends it, and gives what it printed since."""
        return self.finish(END_SECONDS, end=self.server_pid)

    def __exit__(self, *arguments):
        # Killing strace leaves what it traces alive.
        pid = getattr(self, "server_pid", self.pid)
        if self._process.poll() is None and pid != self.pid:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        super().__exit__(*arguments)
