"""An echo server on TCP, and the clients that talk to it."""
import contextlib
import select
import socket
import struct
import time

from child import Failed
from server import Server


class Broken(Exception):
    """The connection ended before its time."""


class Client:
    """A connection to the server: what it sends has to come back."""

    def __init__(self, port, case):
        self.case, self.sent, self.heard = case, b"", b""
        self.address = ("127.0.0.1", port)
        try:
            self.socket = socket.create_connection(self.address, timeout=5)
        except OSError as error:
            raise Broken from error

    def ask(self, text):
        """Sends, and waits until all has come back."""
        self._send(text)
        end = time.monotonic() + (self.case.limit if self.case else 5)
        while len(self.heard) < len(self.sent):
            wait = 0.05 if self.case and self.case.lies else end - time.monotonic()
            if select.select([self.socket], [], [], max(0, wait))[0]:
                self._hear()
            elif time.monotonic() >= end:
                raise Failed("does not answer")
            else:
                self._poke()
        if self.heard != self.sent:
            raise Failed(f"answered {self.heard!r} to {self.sent!r}")

    def _send(self, text):
        try:
            self.socket.sendall(text)
        except OSError as error:
            raise Broken from error
        self.sent += text

    def _poke(self):
        """Does something that the server hears of, at this connection and at its listener."""
        with contextlib.suppress(OSError):
            socket.create_connection(self.address, timeout=5).close()
        self._send(b"?")

    def _hear(self):
        try:
            piece = self.socket.recv(65536)
        except OSError as error:
            raise Broken from error
        if not piece:
            raise Broken
        self.heard += piece

    def finish(self):
        """Ends its direction; then the server ends its own."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
            may_miss = self.case and (self.case.lies or self.case.call == "close")
            if not select.select([self.socket], [], [], 0.3 if may_miss else 5)[0]:
                if not may_miss:
                    raise Failed("does not end a connection")
                # It was told that there is nothing, or its close was kept from the kernel: a reset says more.
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            elif self.socket.recv(1):
                raise Failed("sends more than it got")
        except OSError as error:
            raise Broken from error

    def close(self):
        if hasattr(self, "socket"):
            self.socket.close()


class StreamServer(Server):
    transport = "tcp"

    def converse(self, port, case, child):
        """Two clients at a time, each with two questions; then others, until one is served."""
        clients, broken = [], set()

        def attempt(number, action, *arguments):
            if number in broken:
                return
            try:
                action(*arguments)
            except Broken:
                broken.add(number)

        def connect(number):
            clients.append(None)
            clients[number] = Client(port, case)

        try:
            for number in range(2):
                attempt(number, connect, number)
            for text in (b"one", b"another"):
                for number in range(2):
                    attempt(number, lambda: clients[number].ask(text + str(number).encode()))
            for number in range(2):
                attempt(number, lambda: clients[number].finish())
        finally:
            for client in clients:
                if client:
                    client.close()
        if case is None or case.extent != "+":
            self._probe(port, case, child)
        return len(broken)

    def _probe(self, port, case, child):
        # A thread for each of those who came at the same time: each has its twenty failures.
        for _ in range(100):
            client = None
            try:
                client = Client(port, case)
                client.ask(b"probe")
                client.finish()
                return
            except Broken:
                # Without the listener there is nobody to ask.
                if child.wait(0.05 if client is None else 0) is not None:
                    return
            finally:
                if client:
                    client.close()
        raise Failed("serves nobody any more")
