"""Messages: ancillary data, descriptors, scatter and gather.

SPDX-License-Identifier: Apache-2.0
"""

import array
import os
import struct

from minato import socket

from .fixture import TestCase


class Messages(TestCase):
    def test_scatter_and_gather(self):
        left, right = self.pair(socket.SOCK_DGRAM)
        self.assertEqual(left.sendmsg([b"ab", memoryview(b"cde"), bytearray(b"f")]), 6)
        first, second = bytearray(4), bytearray(4)
        self.assertEqual(right.recvmsg_into([first, second]), (6, [], 0, None))
        self.assertEqual((first, second), (b"abcd", b"ef\0\0"))
        left.sendmsg([b"longer"])
        data, _, flags, _ = right.recvmsg(3)
        self.assertEqual((data, flags), (b"lon", socket.MSG_TRUNC))

    def test_addresses(self):
        left, right = self.datagram(), self.datagram()
        left.sendmsg([b"x"], [], 0, right.getsockname())
        self.assertEqual(right.recvmsg(10), (b"x", [], 0, left.getsockname()))

    def test_descriptors(self):
        left, right = self.pair()
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        socket.send_fds(left, [b"two"], [writer, writer])
        os.close(writer)
        data, descriptors, flags, _ = socket.recv_fds(right, 100, 2)
        self.assertEqual((data, len(descriptors), flags), (b"two", 2, 0))
        for descriptor in descriptors:
            self.assertFalse(os.get_inheritable(descriptor))
            os.write(descriptor, b"x")
            os.close(descriptor)
        self.assertEqual(os.read(reader, 10), b"xx")

    def test_ancillary_data_that_is_cut(self):
        left, right = self.pair()
        socket.send_fds(left, [b"x"], [0, 1, 2])
        data, items, flags, _ = right.recvmsg(10, socket.CMSG_LEN(2 * 4))
        self.assertEqual((data, flags), (b"x", socket.MSG_CTRUNC))
        ((level, kind, payload),) = items
        self.assertEqual((level, kind), (socket.SOL_SOCKET, socket.SCM_RIGHTS))
        descriptors = array.array("i", payload)
        self.assertEqual(len(descriptors), 2)
        for descriptor in descriptors:
            os.close(descriptor)

    def test_credentials(self):
        left, right = self.pair(socket.SOCK_DGRAM)
        right.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        left.send(b"x")
        _, items, _, _ = right.recvmsg(10, socket.CMSG_SPACE(12))
        credentials = struct.pack("iII", os.getpid(), os.getuid(), os.getgid())
        self.assertEqual(items, [(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, credentials)])

    def test_sizes(self):
        self.assertEqual((socket.CMSG_LEN(5), socket.CMSG_SPACE(5)), (21, 24))
        for size in (-1, 1 << 31):
            with self.assertRaises(OverflowError):
                socket.CMSG_SPACE(size)

    def test_arguments(self):
        left, _ = self.pair()
        for failure, call in (
            (TypeError, lambda: left.sendmsg(b"not a list of buffers")),
            (TypeError, lambda: left.sendmsg(None)),
            (TypeError, lambda: left.sendmsg([b"x"], [(1, 2)])),
            (OSError, lambda: left.sendmsg([b"x"] * 1025)),
            (ValueError, lambda: left.recvmsg(-1)),
            (ValueError, lambda: left.recvmsg(1, -1)),
            (TypeError, lambda: left.recvmsg_into([b"constant"])),
        ):
            with self.subTest(call.__code__.co_firstlineno), self.assertRaises(failure):
                call()
