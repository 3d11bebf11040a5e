"""Usage: scripts/integration: every client against every server. See there."""
import concurrent.futures
import pathlib
import sys
import tempfile

import running
from programs import everything
from running import Failed

# The bytes of a stream are a pattern with a prime period, so that lost and doubled pieces show.
PATTERN = bytes(range(251))
STREAM = (b"hello\n", PATTERN * 2000)
DATAGRAM = (b"hello\n", PATTERN * 30)
TRANSPORTS = {"tcp": STREAM, "udp": DATAGRAM, "unix": STREAM, "unixgram": DATAGRAM}
HTTP_SERVERS = {"http.server": running.python_http, "nginx": running.nginx}
LEAST = 60


class Matrix:
    """The cells that have run: (transport, server, client) -> why it failed, or None."""

    def __init__(self, clients, cannot):
        self.clients, self.cannot = clients, cannot
        self.cells = {}

    def column(self, transport, name, cell):
        """Every client against one server; `cell` raises Failed, or what else goes wrong."""
        able = [client for client in self.clients if (client.name, transport) not in self.cannot]
        with concurrent.futures.ThreadPoolExecutor(4) as threads:
            cells = {client.name: threads.submit(cell, client) for client in able}
        for client, future in cells.items():
            error = future.exception()
            if error and not isinstance(error, (Failed, OSError)):
                raise error
            self.cells[transport, name, client] = str(error) if error else None

    def lost(self, transport, name, reason):
        """A server that could not be talked to, or did not end well: all its cells fail."""
        for client in self.clients:
            if (client.name, transport) not in self.cannot:
                self.cells[transport, name, client.name] = reason

    def table(self, transport):
        servers = list(dict.fromkeys(server for kind, server, _ in self.cells if kind == transport))
        width = max(len(client.name) for client in self.clients)
        lines = [f"{transport:{width}}  " + "  ".join(f"{server:4}" for server in servers)]
        for client in self.clients:
            words = []
            for server in servers:
                key = (transport, server, client.name)
                word = "-" if key not in self.cells else "fail" if self.cells[key] else "pass"
                words.append(f"{word:{max(4, len(server))}}")
            lines.append(f"{client.name:{width}}  " + "  ".join(words).rstrip())
        return "\n".join(lines)


def read_cannot(clients):
    """(client, transport) of the list of what clients cannot speak."""
    cannot = set()
    for line in pathlib.Path(__file__).with_name("cannot.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            what, _, reason = line.partition(": ")
            client, transport = what.split()
            if not reason or transport not in (*TRANSPORTS, "http"):
                sys.exit(f"cannot.txt: {line}")
            cannot.add((client, transport))
    names = {client.name for client in clients}
    return {(client, transport) for client, transport in cannot if client in names}


def echo_columns(matrix, servers):
    for transport, messages in TRANSPORTS.items():

        def cell(client, place):
            for message in messages:
                reply = running.exchange(client, transport, place, message)
                if reply != message:
                    raise Failed(f"{len(reply)} of {len(message)} bytes came back, or others")

        for server in servers:
            with tempfile.TemporaryDirectory() as folder:
                try:
                    with running.serving(server, transport, folder) as place:
                        matrix.column(transport, server.name, lambda client: cell(client, place))
                except Failed as failure:
                    matrix.lost(transport, server.name, str(failure))
        print(matrix.table(transport), end="\n\n", flush=True)


def fetch(client, place):
    """The body of /page as a client gets it."""
    if client.fetch:
        return running.run(client.fetch(f"http://{place[0]}:{place[1]}/page"))
    request = f"GET /page HTTP/1.0\r\nHost: {place[0]}\r\nConnection: close\r\n\r\n".encode()
    head, _, body = running.run(client.line("tcp", place), request).partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1."):
        raise Failed(f"no response: {head[:40]!r}")
    return body


def http_columns(matrix):
    with tempfile.TemporaryDirectory() as folder:
        page = PATTERN * 1000
        pathlib.Path(folder, "page").write_bytes(page)

        def cell(client, place):
            body = fetch(client, place)
            if body != page:
                raise Failed(f"{len(body)} of {len(page)} bytes came, or others")

        for name, server in HTTP_SERVERS.items():
            try:
                with server(folder) as place:
                    matrix.column("http", name, lambda client: cell(client, place))
            except Failed as failure:
                matrix.lost("http", name, str(failure))
    print(matrix.table("http"), end="\n\n", flush=True)


def main(folder, tool):
    servers, clients = everything(pathlib.Path(folder), tool)
    matrix = Matrix(clients, read_cannot(clients))
    echo_columns(matrix, servers)
    http_columns(matrix)
    failed = {key: reason for key, reason in matrix.cells.items() if reason}
    for (transport, server, client), reason in failed.items():
        print(f"FAILED {transport}: {client} to {server}: {reason}")
    print(f"{len(matrix.cells)} cells: {len(matrix.cells) - len(failed)} passed, {len(failed)} failed")
    if len(matrix.cells) < LEAST:
        print(f"FAILED: fewer than {LEAST} cells")
    return 1 if failed or len(matrix.cells) < LEAST else 0


sys.exit(main(*sys.argv[1:]))
