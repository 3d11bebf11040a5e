"""Runs a program of the folder `programs` on libminato, unchanged but for import, host and port.

    program.py NAME PORT [ARGUMENT...]

A server tells the port that it was given by `ready PORT` on the standard error.

SPDX-License-Identifier: Apache-2.0
"""

import pathlib
import re
import sys

import minato
from minato import socket

PROGRAMS = pathlib.Path(__file__).parent / "programs"


def substitutions(port):
    """What is changed: pattern and replacement, within a line."""
    return (
        (r"^import socket$", "from minato import socket"),
        (r"^HOST = 'daring\.cwi\.nl'", "HOST = '127.0.0.1'"),
        (r"^PORT = 50007", f"PORT = {port}"),
        (r'^( *)HOST, PORT = "localhost", 9999$', rf'\1HOST, PORT = "localhost", {port}'),
        (r"https://www\.cnn\.co\.jp", f"http://127.0.0.1:{port}"),
        (r"https://mahler:8092/", f"http://127.0.0.1:{port}/"),
        (r"http://www\.example\.com/", f"http://127.0.0.1:{port}/"),
    )


def changed(source, port):
    """The source of a program with another host and port."""
    for pattern, replacement in substitutions(port):
        source = re.sub(pattern, replacement, source, flags=re.MULTILINE)
    return source


class Announcing(socket.socket):
    """A socket that tells its port when a client can reach it."""

    def listen(self, *backlog):
        super().listen(*backlog)
        self._announce()

    def bind(self, address):
        super().bind(address)
        if self.type == socket.SOCK_DGRAM:
            self._announce()

    def _announce(self):
        print("ready", self.getsockname()[1], file=sys.stderr, flush=True)


def main(name, port, *arguments):
    minato.install()
    socket.socket = Announcing
    sys.argv = [name, *arguments]
    path = PROGRAMS / f"{name}.py"
    exec(compile(changed(path.read_text("utf-8"), int(port)), path, "exec"), {"__name__": "__main__"})


if __name__ == "__main__":
    main(*sys.argv[1:])
