"""What the servers have in common: they begin, are talked to, have closed what they opened, and end."""
import collections
import re
import time

from child import Child, Failed
from judge import Observation


def kinds(links):
    """How many descriptors there are of each kind."""
    return collections.Counter(re.sub(r":\[\d+\]|/.*", "", link) for link in links)


class Server:
    """`minato serve`, on one loop, so that a number means the same call each time."""
    transport = ""

    def __init__(self, name, face, poll=False):
        self.name, self.face = name, face
        self.environment = {"MINATO_EVENT_LOOP_BACKEND": "poll"} if poll else {}
        self.usual = collections.Counter()

    def words(self, binary):
        return [binary, "serve", self.transport, "--host", "127.0.0.1", "--handler", "echo", "--face", self.face,
                "--loops", "1", "--drain-timeout", "1"]

    def run(self, child: Child, case):
        """Lets it serve; what its clients saw. Without a case, notes what descriptors are usual at the end."""
        seen = Observation()
        line = child.read_line()
        if line is None:
            raise Failed("does not begin")
        if not line:
            seen.ended_early = True
            return self._end(child, seen)
        seen.own_sockets = frozenset(link for link in child.descriptors() if link.startswith("socket:"))
        try:
            seen.broken = self.converse(int(line.rsplit(":", 1)[1]), case, child)
        except Failed:
            # Whoever ends does not answer; but it has to end.
            if child.wait(1) is None:
                raise
        if case and case.extent == "+" and child.wait(1) is None and seen.broken:
            child.wait(5)
        seen.ended_early = child.has_ended
        if not seen.ended_early:
            seen.leak = self._leak(child, case)
        return self._end(child, seen)

    def converse(self, port, case, child):
        """Talks to it; how many connections or datagrams were not answered."""
        raise NotImplementedError

    def _leak(self, child, case):
        """Why there are too many descriptors, now that all clients have gone: they may take a moment to close."""
        end = time.monotonic() + (0.3 if case is None else 2)
        while True:
            left = kinds(child.descriptors())
            if case is None:
                self.usual |= left
            more = left - self.usual
            allowed = 0
            if case and case.call == "close":
                with open(child.trace, errors="replace") as lines:
                    allowed = sum("(INJECTED)" in line for line in lines)
            if case is not None and more.total() <= allowed or child.has_ended:
                return ""
            if time.monotonic() > end:
                # Told again and again that there is nothing at a connection, it cannot see the end of that.
                return "" if case is None or case.lies and case.extent else f"leaks {dict(more)}"
            time.sleep(0.01)

    @staticmethod
    def _end(child, seen):
        child.end()
        seen.told = child.judge_end()
        return seen
