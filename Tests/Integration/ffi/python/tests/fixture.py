"""Sockets in the states that tests begin with, and the check that none stays open.

SPDX-License-Identifier: Apache-2.0
"""

import gc
import os
import pathlib
import signal
import subprocess
import sys
import unittest
import warnings

from minato import socket

FOLDER = pathlib.Path(__file__).parent.parent
SOON = 20.0  # seconds: far enough for the slowest machine


class TestCase(unittest.TestCase):
    """A test that leaves as many open descriptors as it found."""

    def setUp(self):
        # A shell that does not wait for a command has it, and all that it starts, ignore this.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        descriptors = open_descriptors()
        self.addCleanup(lambda: self.assertEqual(open_descriptors(), descriptors, "open descriptors"))
        catcher = warnings.catch_warnings()
        catcher.__enter__()
        self.addCleanup(catcher.__exit__, None, None, None)
        warnings.simplefilter("error", ResourceWarning)

    def keep(self, closable):
        self.addCleanup(closable.close)
        return closable

    def pair(self, type=socket.SOCK_STREAM):
        return tuple(map(self.keep, socket.socketpair(socket.AF_UNIX, type)))

    def listener(self):
        return self.keep(socket.create_server(("127.0.0.1", 0)))

    def tcp_pair(self):
        server = self.listener()
        client = self.keep(socket.create_connection(server.getsockname()))
        accepted, _ = server.accept()
        return client, self.keep(accepted)

    def datagram(self, family=socket.AF_INET, host="127.0.0.1"):
        bound = self.keep(socket.socket(family, socket.SOCK_DGRAM))
        bound.bind((host, 0))
        return bound

    def start(self, *command, **options):
        """A program of this folder."""
        process = subprocess.Popen(
            [sys.executable, *command], cwd=FOLDER, stdin=options.pop("stdin", subprocess.DEVNULL),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
        )
        self.addCleanup(end, process)
        return process


def end(process):
    if process.poll() is None:
        process.kill()
    process.communicate()


def open_descriptors():
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


def fill(sock):
    """Sends until nothing more fits."""
    sock.setblocking(False)
    size = 65536
    while size:
        try:
            sock.send(b"x" * size)
        except BlockingIOError:
            size //= 2
    sock.setblocking(True)
