#!/usr/bin/env python3
"""An echo server and its client on libminato.

    echo.py serve tcp HOST PORT | udp HOST PORT | unix PATH | unixgram PATH
    echo.py send  tcp HOST PORT | udp HOST PORT | unix PATH | unixgram PATH

The server prints `ready ADDRESS` with the port that it was given, and ends on SIGTERM with exit status 0. The client
sends its standard input, as one datagram or as a stream which it then half-closes, and writes what comes back to its
standard output: one datagram, or the stream up to its end. Exit status 1 and a message when that fails.

SPDX-License-Identifier: Apache-2.0
"""

import os
import signal
import sys
import threading

from minato import socket

KINDS = {
    "tcp": socket.SOCK_STREAM,
    "udp": socket.SOCK_DGRAM,
    "unix": socket.SOCK_STREAM,
    "unixgram": socket.SOCK_DGRAM,
}
LARGEST = 65536
PATIENCE = 10.0  # seconds that a client waits for each step


def resolved(kind, place):
    """Family, type and address to open and to bind or connect."""
    if kind in ("unix", "unixgram"):
        (path,) = place
        return socket.AF_UNIX, KINDS[kind], path
    host, port = place
    family, type, _, _, address = socket.getaddrinfo(host, port, type=KINDS[kind])[0]
    return family, type, address


def text(address):
    if isinstance(address, str):
        return address
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def echo_stream(connection):
    with connection:
        try:
            while data := connection.recv(LARGEST):
                connection.sendall(data)
        except OSError as failure:
            print(f"echo: {failure}", file=sys.stderr)


def serve_streams(server):
    while True:
        connection, _ = server.accept()
        threading.Thread(target=echo_stream, args=(connection,), daemon=True).start()


def serve_datagrams(server):
    while True:
        data, sender = server.recvfrom(LARGEST)
        try:
            server.sendto(data, sender)
        except OSError as failure:
            print(f"echo: {failure}", file=sys.stderr)


def serve(kind, *place):
    family, type, address = resolved(kind, place)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with socket.socket(family, type) as server:
        if family != socket.AF_UNIX and type == socket.SOCK_STREAM:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(address)
        try:
            if type == socket.SOCK_STREAM:
                server.listen()
            print("ready", text(server.getsockname()), flush=True)
            (serve_streams if type == socket.SOCK_STREAM else serve_datagrams)(server)
        finally:
            if family == socket.AF_UNIX:
                os.unlink(address)


def send_stream(client):
    """Sends and receives at the same time: a peer that echoes does not read on while its own sending is stuck."""

    def send():
        try:
            while data := sys.stdin.buffer.read1(LARGEST):
                client.sendall(data)
            client.shutdown(socket.SHUT_WR)
        except OSError as failure:
            failures.append(failure)
            client.shutdown(socket.SHUT_RDWR)

    failures = []
    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    while data := client.recv(LARGEST):
        sys.stdout.buffer.write(data)
    sender.join(PATIENCE)
    if failures:
        raise failures[0]


def send_datagram(client):
    client.send(sys.stdin.buffer.read())
    sys.stdout.buffer.write(client.recv(LARGEST))


def send(kind, *place):
    family, type, address = resolved(kind, place)
    with socket.socket(family, type) as client:
        client.settimeout(PATIENCE)
        if kind == "unixgram":
            client.bind("")  # a name for the reply, which the kernel chooses
        client.connect(address)
        (send_stream if type == socket.SOCK_STREAM else send_datagram)(client)
    sys.stdout.flush()


def main(arguments):
    if len(arguments) < 3 or arguments[0] not in ("serve", "send") or arguments[1] not in KINDS:
        print(__doc__, file=sys.stderr)
        return 64
    if len(arguments) != (4 if arguments[1] in ("tcp", "udp") else 3):
        print(__doc__, file=sys.stderr)
        return 64
    try:
        (serve if arguments[0] == "serve" else send)(*arguments[1:])
    except OSError as failure:
        print(f"echo: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
