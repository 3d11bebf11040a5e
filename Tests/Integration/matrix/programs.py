"""The programs of the matrix: how each is told to serve, and to be a client."""
import dataclasses
import pathlib
import re
import sys
from collections.abc import Callable

PEERS = pathlib.Path(__file__).resolve().parent.parent / "peers"
FACES = ("async", "blocking", "responder")


@dataclasses.dataclass(frozen=True)
class Server:
    """A program that echoes, and prints one line when it can be reached."""

    name: str
    line: Callable[[str, list], list]

    @staticmethod
    def port(announcement):
        """The port in the line of a server that was told to choose one."""
        found = re.search(r":(\d+)$", announcement)
        return found and found[1]


@dataclasses.dataclass(frozen=True)
class Client:
    """A program that sends its standard input, and writes what comes back."""

    name: str
    line: Callable[[str, list], list]
    # The transports with which it does not end by itself, as it does not tell the server the end of its input, or waits for
    # more: then it is ended when all has come back.
    endless: tuple = ()
    # How it fetches a URL; without, it sends the bytes of a request over tcp.
    fetch: Callable[[str], list] | None = None


def _echo(command):
    return lambda verb: lambda transport, place: [*command, verb, transport, *place]


def _minato_serve(tool, face):
    def line(transport, place):
        where = ["--host", place[0], "--port", place[1]] if len(place) == 2 else ["--path", place[0]]
        return [tool, "serve", transport, *where, "--handler", "echo", "--face", face]

    return line


def _minato_connect(tool):
    def line(transport, place):
        where = ["--host", place[0], "--port", place[1]] if len(place) == 2 else ["--path", place[0]]
        return [tool, "connect", transport, *where]

    return line


def _curl(transport, place):
    if transport == "unix":
        return ["curl", "-s", "-N", "--unix-socket", place[0], "telnet://localhost"]
    return ["curl", "-s", "-N", f"telnet://{place[0]}:{place[1]}"]


def _ncat(transport, place):
    flags = {"tcp": [], "udp": ["-u"], "unix": ["-U"], "unixgram": ["-u", "-U"]}[transport]
    return ["ncat", *flags, *place]


def everything(folder, tool):
    """All servers and all clients; `folder` has the programs of other languages that could be built."""
    own = {"python": [sys.executable, PEERS / "python_echo.py"]}
    names = ("c", "cpp", "rust", "python-ffi")
    echo = {name: [folder / f"echo-{name}"] for name in names if (folder / f"echo-{name}").exists()} | own
    servers = [Server(name, _echo(command)("serve")) for name, command in echo.items()]
    servers += [Server(f"swift-{face}", _minato_serve(tool, face)) for face in FACES]
    get = {"python": lambda url: [sys.executable, PEERS / "python_get.py", url]}
    if (folder / "get-c").exists():
        get["c"] = lambda url: [folder / "get-c", url]
    clients = [Client(name, _echo(command)("send"), fetch=get.get(name)) for name, command in echo.items()]
    clients += [
        Client("swift", _minato_connect(tool), fetch=lambda url: [tool, "get", url]),
        Client("curl", _curl, endless=("tcp", "unix"), fetch=lambda url: ["curl", "-s", "--noproxy", "*", url]),
        Client("ncat", _ncat, endless=("udp", "unixgram")),
    ]
    return servers, clients
