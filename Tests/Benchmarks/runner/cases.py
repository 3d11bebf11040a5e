"""What is measured: the load of each case, as data."""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Case:
    """A load, and the transport that a server must have for it."""
    name: str
    title: str
    load: tuple
    transport: str = "tcp"
    # How the C server for datagrams takes them.
    udp: str = ""
    connections: int = 64


CASES = [
    Case("64x64", "64 connections, 64 B", ()),
    Case("1000x64", "1,000 connections, 64 B", ("--connections", "1000"), connections=1000),
    Case("64x16K", "64 connections, 16 KiB", ("--bytes", "16384")),
    Case("64x64x16", "64 connections, 64 B, 16 in flight", ("--in-flight", "16")),
    Case("connect", "connect, one echo, close", ("--mode", "connect")),
    Case("udp-one", "UDP, 64 sockets, 1 in flight", ("--mode", "udp"), "udp", "--one"),
    Case("udp-batch", "UDP, 4 sockets, 32 in flight",
         ("--mode", "udp", "--connections", "4", "--in-flight", "32"), "udp", "--batch"),
]

# What is counted rather than timed: by what name it is chosen, and how its column is headed.
COUNTERS = {
    "instructions": "user instructions per echo",
    "calls": "system calls per echo",
    "memory": "user memory per idle connection, B",
    "loops": "two loops: least share of a loop, %",
}

# What is promised of ours alone, and measured once: by what name it is chosen, and how its target is headed.
PROMISES = {
    "timers": "100,000 timers, 90 % cancelled: lateness of the others, p99, ms",
    "cancellations": "10,000 random cancellations: the slowest, ms",
    "scarcity-cpu": "64 descriptors, 500 clients: processor time, % of a core",
    "scarcity-calls": "64 descriptors, 500 clients: accept calls that fail, a second",
    "scarcity-delay": "64 descriptors, 500 clients: until a free one is used, at most, ms",
}
