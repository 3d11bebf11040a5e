"""The echo server and client of `echo.py`, of every kind.

SPDX-License-Identifier: Apache-2.0
"""

import os
import signal
import subprocess
import tempfile

from .fixture import TestCase

# More than all buffers on the way hold, for streams; a whole datagram.
LARGE, WHOLE = os.urandom(1 << 20).hex(), os.urandom(400).hex()


class Echo(TestCase):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = f"{folder.name}/socket"

    def serve(self, *place):
        """A server, and the place that it tells."""
        server = self.start("echo.py", "serve", *place)
        ready, address = server.stdout.readline().split()
        self.assertEqual(ready, "ready")
        return server, address

    def send(self, data, *place):
        client = self.start("echo.py", "send", *place, stdin=subprocess.PIPE)
        output, errors = client.communicate(data)
        return client.returncode, output, errors

    def stop(self, server):
        server.send_signal(signal.SIGTERM)
        output, errors = server.communicate()
        self.assertEqual((server.returncode, output, errors), (0, "", ""))

    def test_every_kind(self):
        for kind, place, data in (
            ("tcp", ("127.0.0.1", "0"), LARGE),
            ("tcp", ("::1", "0"), WHOLE),
            ("udp", ("127.0.0.1", "0"), WHOLE),
            ("udp", ("::1", "0"), WHOLE),
            ("unix", (self.path,), LARGE),
            ("unixgram", (self.path,), WHOLE),
        ):
            with self.subTest(kind=kind, place=place[0]):
                server, address = self.serve(kind, *place)
                if len(place) == 2:
                    host, _, port = address.rpartition(":")
                    place = host.strip("[]"), port
                for text in (data, ""):
                    self.assertEqual(self.send(text, kind, *place), (0, text, ""))
                self.stop(server)
                self.assertFalse(os.path.exists(self.path))

    def test_failures(self):
        listener = self.listener()
        port = str(listener.getsockname()[1])
        listener.close()
        self.assertEqual(self.send("x", "tcp", "127.0.0.1", port), (1, "", "echo: [Errno 111] Connection refused\n"))
        self.assertEqual(self.send("x", "unix", self.path)[0], 1)
        self.assertEqual(self.send("x", "tcp", "127.0.0.1")[0], 64)
        taken = self.listener().getsockname()
        server = self.start("echo.py", "serve", "tcp", "127.0.0.1", str(taken[1]))
        _, errors = server.communicate()
        self.assertEqual((server.returncode, errors), (1, "echo: [Errno 98] Address already in use\n"))
