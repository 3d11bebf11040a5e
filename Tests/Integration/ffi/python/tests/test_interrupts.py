"""Signals during blocked calls: Ctrl-C ends them at once, and a handler that returns does not.

SPDX-License-Identifier: Apache-2.0
"""

import contextlib
import os
import platform
import signal
import threading
import time

from minato import select, selectors, socket

from .fixture import SOON, TestCase, fill

# The system call of a thread that waits for the interpreter's lock or for another thread.
FUTEX = {"x86_64": "202", "aarch64": "98"}


def is_in_call(thread):
    """Whether a thread sleeps in a system call other than futex(2)."""
    with open(f"/proc/self/task/{thread}/stat") as file:
        state = file.read().rpartition(")")[2].split()[0]
    with open(f"/proc/self/task/{thread}/syscall") as file:
        call = file.read().split()[0]
    return state == "S" and call not in ("running", "-1", FUTEX.get(platform.machine()))


class Interrupts(TestCase):
    def setUp(self):
        super().setUp()
        previous = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, previous)

    @contextlib.contextmanager
    def signal_when_blocked(self, number):
        """Sends a signal to this thread once it is blocked in a system call."""
        target, native = threading.get_ident(), threading.get_native_id()
        self.is_done = False

        def send():
            while not self.is_done and not is_in_call(native):
                os.sched_yield()
            self.sent_at = time.monotonic()
            if not self.is_done:
                signal.pthread_kill(target, number)

        sender = threading.Thread(target=send)
        sender.start()
        try:
            yield
        finally:
            self.is_done = True
            sender.join()

    def blocked_calls(self):
        """A call that blocks for ever, by name."""
        empty, other = self.pair()
        full, _ = self.pair()
        fill(full)
        listener = self.listener()
        datagram = self.datagram()
        limited, _ = self.pair()
        limited.settimeout(SOON)
        backlog = self.keep(socket.socket(socket.AF_UNIX))
        backlog.bind("")
        backlog.listen(0)
        self.keep(socket.socket(socket.AF_UNIX)).connect(backlog.getsockname())
        client = self.keep(socket.socket(socket.AF_UNIX))
        poll = select.poll()
        poll.register(empty, select.POLLIN)
        yield "recv", lambda: empty.recv(1)
        yield "recv with a time-out", lambda: limited.recv(1)
        yield "recv_into", lambda: empty.recv_into(bytearray(1))
        yield "recvfrom", lambda: datagram.recvfrom(1)
        yield "recvmsg", lambda: empty.recvmsg(1, 100)
        yield "recv, MSG_WAITALL", lambda: empty.recv(2, socket.MSG_WAITALL)
        yield "accept", listener.accept
        yield "connect", lambda: client.connect(backlog.getsockname())
        yield "send", lambda: full.send(b"x")
        yield "sendall", lambda: full.sendall(b"x")
        yield "sendmsg", lambda: full.sendmsg([b"x"])
        yield "makefile", empty.makefile("rb", 0).readline
        yield "select", lambda: select.select([empty], [], [])
        yield "poll", poll.poll
        for kind in (selectors.SelectSelector, selectors.PollSelector, selectors.EpollSelector):
            selector = self.keep(kind())
            selector.register(empty, selectors.EVENT_READ)
            yield kind.__name__, selector.select
        with open("/proc/self/exe", "rb") as file:
            yield "sendfile", lambda: full.sendfile(file)

    def test_control_c_ends_every_blocked_call(self):
        for name, call in self.blocked_calls():
            with self.subTest(name):
                with self.signal_when_blocked(signal.SIGINT), self.assertRaises(KeyboardInterrupt):
                    call()
                self.assertLess(time.monotonic() - self.sent_at, 1.0)

    def test_a_handler_runs_while_the_call_goes_on(self):
        left, right = self.pair()
        for limit in (None, SOON):
            with self.subTest(limit=limit):
                left.settimeout(limit)
                # The handler itself ends the wait: were it not run meanwhile, nothing would.
                previous = signal.signal(signal.SIGUSR1, lambda *_: right.send(b"from the handler"))
                try:
                    with self.signal_when_blocked(signal.SIGUSR1):
                        self.assertEqual(left.recv(100), b"from the handler")
                finally:
                    signal.signal(signal.SIGUSR1, previous)

    def test_a_handler_does_not_stretch_the_time_out(self):
        left, _ = self.pair()
        left.settimeout(0.2)
        handled = []
        previous = signal.signal(signal.SIGALRM, lambda *_: handled.append(1))
        signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
        try:
            began = time.monotonic()
            with self.assertRaises(TimeoutError):
                left.recv(1)
            self.assertGreaterEqual(time.monotonic() - began, 0.2)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, previous)
        self.assertGreater(len(handled), 1)

    def test_what_sendall_sent_before_a_signal_is_not_sent_again(self):
        left, right = self.pair()
        data = bytes(range(256)) * 16384
        received = bytearray()

        def receive():
            while chunk := right.recv(65536):
                received.extend(chunk)

        reader = threading.Thread(target=receive)
        previous = signal.signal(signal.SIGUSR1, lambda *_: reader.start())
        try:
            with self.signal_when_blocked(signal.SIGUSR1):
                left.sendall(data)
        finally:
            signal.signal(signal.SIGUSR1, previous)
        left.shutdown(socket.SHUT_WR)
        reader.join()
        self.assertEqual(bytes(received), data)
