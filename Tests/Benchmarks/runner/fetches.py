"""What is measured of clients: the cases, who takes part, and what ours are to reach, as data."""
import dataclasses

from contenders import BASELINE, CONTROL
from targets import Target


@dataclasses.dataclass(frozen=True)
class Fetch:
    """What clients fetch. `transport` says who can: `one` request after another, `many` at a time, or a `small` program."""
    name: str
    title: str
    place: str  # which of the server's ports
    file: str
    arguments: tuple = ()
    transport: str = "many"


@dataclasses.dataclass(frozen=True)
class Client:
    """A client. `transports` are the cases that it takes part in."""
    name: str
    title: str
    command: tuple
    transports: tuple
    counters: tuple = ()

    @property
    def product(self):
        return self.command[0]


MANY = ("--concurrency", "64")

FETCHES = [
    Fetch("one", "1 KiB, one connection", "plain", "1k", transport="one"),
    Fetch("many", "1 KiB, 64 concurrent", "plain", "1k", MANY),
    Fetch("h2", "1 KiB, HTTP/2, 64 streams", "h2", "1k", MANY),
    Fetch("tls", "1 KiB, TLS, keep-alive", "tls", "1k", transport="one"),
    Fetch("tls-new", "1 KiB, TLS, new connections", "tls", "1k", ("--close",), transport="one"),
    Fetch("large", "64 MiB, streamed", "plain", "64m", ("--identity", "--stream"), transport="one"),
    Fetch("read", "64 MiB, read by pieces that are copies", "plain", "64m", ("--identity", "--read"), transport="one"),
    Fetch("start", "1 KiB, a program from start to exit", "plain", "1k", ("--once",), transport="small"),
]

CLIENTS = [
    Client(BASELINE, "C, libcurl", ("curl-fetch",), ("one", "many", "small")),
    Client(CONTROL, "C, libcurl, again", ("curl-fetch",), ("one", "many", "small")),
    Client("async", "Minato, async", ("minato-fetch",), ("one", "many", "small")),
    Client("blocking", "Minato, blocking", ("minato-fetch", "--face", "blocking"), ("one", "small")),
    Client("ahc", "AsyncHTTPClient", ("ahc-fetch",), ("one", "many")),
]


def _targets():
    rows = {"one": 1.10, "many": 1.05, "h2": 1.05, "tls": 1.10, "tls-new": 1.05, "large": 1.15, "start": 1.5}
    for case, limit in rows.items():
        yield Target(case, "async", limit)
    for case, limit in rows.items():
        if case not in ("many", "h2"):
            yield Target(case, "blocking", limit)
    for case, factor in (("one", 2.5), ("many", 2.5), ("h2", 3)):
        yield Target(case, "ahc", factor, under="async", at_least=True)


FETCH_TARGETS = list(_targets())
