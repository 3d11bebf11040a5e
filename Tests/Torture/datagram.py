"""An echo server on UDP. Datagrams may get lost: a client asks again, as those of UDP do."""
import select
import socket
import time

from child import Failed
from server import Server


class DatagramServer(Server):
    transport = "udp"

    def converse(self, port, case, child):
        return _Conversation(port, case, child).lost()


class _Conversation:
    """Two clients, who ask in turn."""

    def __init__(self, port, case, child):
        self.case, self.child = case, child
        self.sent, self.came = 0, set()
        self.clients = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
        for client in self.clients:
            client.connect(("127.0.0.1", port))

    def lost(self):
        """How many datagrams were not answered in the end."""
        try:
            if all(self._ask(client) for client in self.clients * 3):
                # What is merely late is not lost.
                for client in self.clients:
                    self._hear(client, None, 0.2 if len(self.came) < self.sent else 0)
        finally:
            for client in self.clients:
                client.close()
        return self.sent - len(self.came)

    def _ask(self, client):
        """Asks until it is answered. False when that does not come any more."""
        # What is interrupted must not lose anything.
        patience = 5 if self.case is None or self.case.error == "EINTR" else 0.1
        end = time.monotonic() + (self.case.limit if self.case else 5)
        while True:
            self.sent += 1
            text = f"datagram {self.sent}".encode()
            try:
                client.send(text)
                if self._hear(client, text, patience):
                    return True
            except ConnectionRefusedError:
                # It has closed its socket: so it is about to end.
                if self.child.wait() is None:
                    raise Failed("has closed its socket, and does not end") from None
                return False
            patience = patience if self.case and self.case.extent else min(patience * 2, 1)
            if self.child.has_ended:
                return False
            if time.monotonic() > end:
                if self.case and self.case.extent == "+":
                    return False
                raise Failed("does not answer")

    def _hear(self, client, text, patience):
        """Takes what comes, late answers too, until the answer to `text` is there."""
        end = time.monotonic() + patience
        while select.select([client], [], [], max(0, end - time.monotonic()))[0]:
            answer = client.recv(65536)
            number = answer.removeprefix(b"datagram ")
            if not number.isdigit() or number == answer:
                raise Failed(f"answered {answer!r}")
            self.came.add(int(number))
            if answer == text:
                return True
        return False
