"""Who is measured: the command of each server, as data."""
import dataclasses
import pathlib
import sys

SCRIPTS = pathlib.Path(__file__).resolve().parent.parent / "python"

BASELINE = "c"
CONTROL = "c-again"


@dataclasses.dataclass(frozen=True)
class Contender:
    """A server. `counters` are what is worth counting for it, and what it promises."""
    name: str
    title: str
    command: tuple
    transports: tuple = ("tcp",)
    counters: tuple = ()

    @property
    def product(self):
        """What has to be built for it; Python has nothing to build."""
        return None if self.command[0].endswith(".py") else self.command[0]

    def line(self, programs, case):
        """The command line for a case, whose programs stand in a directory."""
        if self.product is None:
            return [sys.executable, str(SCRIPTS / self.command[0])]
        if self.product == "epoll-echo":
            return [str(programs / "udp-echo"), case.udp] if case.udp else [str(programs / "epoll-echo")]
        line = [str(programs / self.product), *self.command[1:]]
        if self.product == "minato-echo":
            # The blocking face needs a thread for each connection; no other looks at that.
            line += ["--transport", case.transport, "--threads", str(case.connections + 8)]
        return line


BOTH = ("tcp", "udp")
STEADY = ("instructions", "calls", "memory")
SCARCITY = ("scarcity-cpu", "scarcity-calls", "scarcity-delay")
LOOP = ("timers", "cancellations")

CONTENDERS = [
    Contender("c", "C, epoll", ("epoll-echo",), BOTH, STEADY),
    Contender("c-again", "C, epoll, again", ("epoll-echo",), BOTH),
    Contender("responder", "Minato, responder", ("minato-echo", "--face", "responder"), BOTH,
              (*STEADY, "loops", *SCARCITY)),
    Contender("async", "Minato, async", ("minato-echo", "--face", "async"), BOTH,
              (*STEADY, "loops", *SCARCITY, *LOOP)),
    Contender("async-timeout", "Minato, async, timeouts set", ("minato-echo", "--face", "async-timeout"), BOTH, STEADY),
    Contender("blocking", "Minato, blocking", ("minato-echo", "--face", "blocking"), BOTH, ("instructions", "calls")),
    Contender("nio-handler", "SwiftNIO, ChannelHandler", ("nio-echo", "--face", "handler"), counters=STEADY),
    Contender("nio-async", "SwiftNIO, NIOAsyncChannel", ("nio-echo", "--face", "async"), counters=STEADY),
    Contender("flyingsocks", "FlyingFox, FlyingSocks", ("flyingsocks-echo",), counters=STEADY),
    Contender("py-threads", "Python, socketserver", ("threads_echo.py",)),
    Contender("py-asyncio", "Python, asyncio", ("asyncio_echo.py",), counters=("memory",)),
]
