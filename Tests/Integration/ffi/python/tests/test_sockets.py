"""The socket class: verbs, time-outs, errors, files, descriptors.

SPDX-License-Identifier: Apache-2.0
"""

import errno
import os
import tempfile
import threading
import time

from minato import socket

from .fixture import SOON, TestCase


class Streams(TestCase):
    def test_bytes_go_both_ways(self):
        client, server = self.tcp_pair()
        client.sendall(b"hello")
        self.assertEqual(server.recv(3), b"hel")
        buffer = bytearray(b"......")
        self.assertEqual(server.recv_into(memoryview(buffer)[1:]), 2)
        self.assertEqual(buffer, b".lo...")
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(server.recv(1), b"")
        self.assertEqual(server.send(b"back"), 4)
        self.assertEqual(client.recvfrom(10), (b"back", None))
        self.assertEqual(client.getpeername(), server.getsockname())

    def test_wait_for_all(self):
        left, right = self.pair()
        sender = threading.Thread(target=lambda: [left.send(b"abc"), left.recv(1), left.send(b"def")])
        sender.start()
        self.assertEqual(right.recv(3, socket.MSG_WAITALL | socket.MSG_PEEK), b"abc")
        right.send(b"g")
        self.assertEqual(right.recv(6, socket.MSG_WAITALL), b"abcdef")
        sender.join()

    def test_sendall_of_more_than_fits(self):
        left, right = self.pair()
        data = os.urandom(1 << 21)
        sender = threading.Thread(target=left.sendall, args=(memoryview(data).cast("I"),))
        sender.start()
        self.assertEqual(right.recv(len(data), socket.MSG_WAITALL), data)
        sender.join()

    def test_files(self):
        left, right = self.pair()
        with left.makefile("rw", encoding="utf-8", newline="\n") as file:
            left.close()
            self.assertNotEqual(left.fileno(), -1)
            file.write("réponse\nrest")
            file.flush()
            with right.makefile("rb") as other:
                self.assertEqual(other.readline(), "réponse\n".encode())
                self.assertEqual(other.read(4), b"rest")
        self.assertEqual(left.fileno(), -1)

    def test_sendfile(self):
        data = os.urandom(300_000)
        with tempfile.TemporaryFile() as file:
            file.write(data)
            file.flush()
            for offset, count in ((0, None), (100_000, None), (100_000, 50_000), (299_999, 10)):
                with self.subTest(offset=offset, count=count):
                    client, server = self.tcp_pair()
                    client.settimeout(SOON)
                    sent = []
                    sender = threading.Thread(
                        target=lambda: [sent.append(client.sendfile(file, offset, count)), client.close()]
                    )
                    sender.start()
                    expected = data[offset : None if count is None else offset + count]
                    self.assertEqual(server.recv(len(data), socket.MSG_WAITALL), expected)
                    sender.join()
                    self.assertEqual(sent, [len(expected)])
                    self.assertEqual(file.tell(), offset + len(expected))


class Datagrams(TestCase):
    def test_both_families(self):
        for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            with self.subTest(family):
                left, right = self.datagram(family, host), self.datagram(family, host)
                left.sendto(b"datagram", right.getsockname())
                self.assertEqual(right.recvfrom(100), (b"datagram", left.getsockname()))
                left.sendto(b"", 0, right.getsockname())
                self.assertEqual(right.recvfrom_into(bytearray(3)), (0, left.getsockname()))

    def test_unix_names(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in (f"{folder}/socket", b"\0minato-%d-\xff" % os.getpid(), ""):
                with self.subTest(name):
                    bound = self.keep(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
                    bound.bind(name)
                    if name:
                        self.assertEqual(bound.getsockname(), name)
                    sender = self.keep(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
                    sender.sendto(b"x", bound.getsockname())
                    self.assertEqual(bound.recvfrom(10), (b"x", None))


class TimeOuts(TestCase):
    def test_values(self):
        sock = self.datagram()
        for given, expected, blocks in ((None, None, True), (0, 0.0, False), (5, 5.0, True), (1e-12, 1e-9, True)):
            with self.subTest(given):
                sock.settimeout(given)
                self.assertEqual((sock.gettimeout(), sock.timeout, sock.getblocking()), (expected, expected, blocks))
                self.assertEqual(os.get_blocking(sock.fileno()), given is None)
        for given, failure in ((-1, ValueError), (float("nan"), ValueError), (1e30, OverflowError), ("1", TypeError)):
            with self.subTest(given), self.assertRaises(failure):
                sock.settimeout(given)

    def test_a_time_out_has_no_error_number(self):
        left, _ = self.pair()
        left.settimeout(0.05)
        began = time.monotonic()
        with self.assertRaises(socket.timeout) as caught:
            left.recv(1)
        self.assertGreaterEqual(time.monotonic() - began, 0.05)
        self.assertEqual((str(caught.exception), caught.exception.errno), ("timed out", None))
        with self.assertRaises(TimeoutError):
            listener = self.listener()
            listener.settimeout(0.01)
            listener.accept()

    def test_without_waiting(self):
        left, _ = self.pair()
        left.setblocking(False)
        with self.assertRaises(BlockingIOError):
            left.recv(1)
        left.setblocking(True)
        with self.assertRaises(BlockingIOError):
            left.recv(1, socket.MSG_DONTWAIT)
        client = self.keep(socket.socket())
        client.setblocking(False)
        self.assertIn(client.connect_ex(self.listener().getsockname()), (0, errno.EINPROGRESS))

    def test_an_accepted_connection_blocks(self):
        listener = self.listener()
        listener.settimeout(SOON)
        self.keep(socket.create_connection(listener.getsockname()))
        connection, _ = listener.accept()
        self.assertIsNone(self.keep(connection).gettimeout())

    def test_the_default(self):
        socket.setdefaulttimeout(3)
        self.addCleanup(socket.setdefaulttimeout, None)
        self.assertEqual(self.keep(socket.socket()).gettimeout(), 3.0)


class Errors(TestCase):
    def test_classes_and_numbers(self):
        listener = self.listener()
        address = listener.getsockname()
        listener.close()
        with self.assertRaises(ConnectionRefusedError) as caught:
            socket.create_connection(address)
        self.assertEqual(str(caught.exception), "[Errno 111] Connection refused")
        self.assertEqual(self.keep(socket.socket()).connect_ex(address), errno.ECONNREFUSED)
        with self.assertRaises(ExceptionGroup):
            socket.create_connection(address, all_errors=True)
        taken = self.listener().getsockname()
        with self.assertRaises(OSError) as caught:
            socket.create_server(taken)
        self.assertEqual(caught.exception.errno, errno.EADDRINUSE)
        self.assertIn(repr(taken), str(caught.exception))
        left, right = self.pair()
        right.close()
        with self.assertRaises(BrokenPipeError):
            left.send(b"x")

    def test_arguments(self):
        sock = self.datagram()
        for failure, call in (
            (OverflowError, lambda: sock.bind(("127.0.0.1", 65536))),
            (TypeError, lambda: sock.bind("127.0.0.1")),
            (TypeError, lambda: sock.bind((None, 1))),
            (OverflowError, lambda: sock.listen(1 << 31)),
            (TypeError, lambda: sock.send("text")),
            (ValueError, lambda: sock.recv(-1)),
            (TypeError, lambda: sock.recv_into(b"constant")),
            (ValueError, lambda: sock.recv_into(bytearray(1), 2)),
            (TypeError, lambda: sock.setsockopt(1, 2, b"", 1)),
            (OSError, lambda: sock.getsockopt(1, 2, 1025)),
            (OSError, lambda: self.keep(socket.socket(socket.AF_UNIX)).bind("x" * 108)),
            (OSError, lambda: self.keep(socket.socket(socket.AF_UNIX)).bind("a\0b")),
            (ValueError, lambda: socket.socket(fileno=-2)),
            (OSError, lambda: socket.socket(fileno=0x7FFFFFFF)),
        ):
            with self.subTest(call.__code__.co_firstlineno), self.assertRaises(failure):
                call()

    def test_a_closed_socket(self):
        sock = socket.socket()
        sock.close()
        sock.close()
        self.assertEqual(sock.fileno(), -1)
        with self.assertRaises(OSError) as caught:
            sock.recv(1)
        self.assertEqual(caught.exception.errno, errno.EBADF)

    def test_a_forgotten_socket_warns_and_is_closed(self):
        with self.assertWarnsRegex(ResourceWarning, "unclosed <minato.socket.socket fd="):
            socket.socket()


class Descriptors(TestCase):
    def test_none_is_inheritable(self):
        sock = self.listener()
        for descriptor in (sock, self.keep(sock.dup()), *self.pair(), self.keep(socket.fromfd(sock.fileno(), 2, 1))):
            self.assertFalse(descriptor.get_inheritable())
        sock.set_inheritable(True)
        self.assertTrue(os.get_inheritable(sock.fileno()))

    def test_detach_and_adopt(self):
        sock = self.datagram(socket.AF_INET6, "::1")
        name = sock.getsockname()
        adopted = self.keep(socket.socket(fileno=sock.detach()))
        self.assertEqual(sock.fileno(), -1)
        self.assertEqual(adopted.getsockname(), name)
        self.assertEqual((adopted.family, adopted.type, adopted.proto), (socket.AF_INET6, socket.SOCK_DGRAM, 17))
        self.assertIs(adopted.family, socket.AddressFamily.AF_INET6)

    def test_options(self):
        sock = self.keep(socket.socket())
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self.assertEqual(sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE), 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\7\0\0\0")
        self.assertEqual(sock.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 100), b"\1\0\0\0\7\0\0\0")
        with self.assertRaises(OSError) as caught:
            sock.setsockopt(socket.SOL_SOCKET, 9999, 1)
        self.assertEqual(caught.exception.errno, errno.ENOPROTOOPT)
