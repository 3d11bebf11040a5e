"""Names and numbers, beside what Python's own module says.

SPDX-License-Identifier: Apache-2.0
"""

import socket as python
import unittest

from minato import socket


def outcome(module, name, *arguments):
    """What a function gives, or which kind of exception it raises."""
    try:
        return getattr(module, name)(*arguments)
    except (OSError, ValueError, OverflowError, TypeError) as failure:
        return next(kind for kind in (OSError, ValueError, OverflowError, TypeError) if isinstance(failure, kind))


ROWS = (
    ("htons", 1), ("htons", 65536), ("htons", -1), ("ntohs", 0x1234), ("htonl", 1 << 31), ("ntohl", 1 << 32),
    ("inet_aton", "127.1"), ("inet_aton", "0x7f.1"), ("inet_aton", "017700000001"), ("inet_aton", "256.1.1.1"),
    ("inet_aton", ""), ("inet_ntoa", b"\1\2\3\4"), ("inet_ntoa", b"\1\2\3"),
    ("inet_pton", 2, "1.2.3.4"), ("inet_pton", 2, "1.2"), ("inet_pton", 2, "1.2.3.4:5"), ("inet_pton", 2, "01.2.3.4"),
    ("inet_pton", 10, "::1"), ("inet_pton", 10, "fe80::1%lo"), ("inet_pton", 10, "::1]:1"), ("inet_pton", 1, "x"),
    ("inet_pton", 10, "1.2.3.4"), ("inet_pton", 10, "::ffff:1.2.3.4"), ("inet_pton", 2, "unix:x"),
    ("inet_ntop", 10, bytes(15) + b"\1"), ("inet_ntop", 10, bytes(4)), ("inet_ntop", 1, bytes(4)),
    ("inet_ntop", 10, b"\x20\x01" + bytes(10) + b"\1\2\3\4"),
    ("getservbyname", "http", "tcp"), ("getservbyname", "http", "none"), ("getservbyname", "a\0b"),
    ("getservbyport", 53), ("getservbyport", 53, "udp"), ("getservbyport", 65536), ("getservbyport", -1),
    ("getprotobyname", "udp"), ("getprotobyname", "none"),
    ("gethostname",), ("getfqdn",), ("getfqdn", "127.0.0.1"), ("gethostbyname", "localhost"),
    ("gethostbyname", "<broadcast>"), ("gethostbyname", ""), ("gethostbyname_ex", "localhost"),
    ("gethostbyaddr", "127.0.0.1"), ("gethostbyaddr", "localhost"), ("gethostbyname", "host.invalid"),
    ("gethostbyname_ex", "host.invalid"), ("gethostbyname", "a\0b"), ("gethostbyname", 5),
    ("getaddrinfo", "127.0.0.1", 80), ("getaddrinfo", b"::1", "http", 0, 1), ("getaddrinfo", None, None, 2, 1, 0, 1),
    ("getaddrinfo", "localhost", 80, 2, 1, 0, 2), ("getaddrinfo", None, "none"), ("getaddrinfo", 5, 5),
    ("getaddrinfo", "fe80::1%lo", 80, 0, 1), ("getaddrinfo", "127.0.0.1", -1), ("getaddrinfo", "::1", 5.0),
    ("getnameinfo", ("127.0.0.1", 80), 3), ("getnameinfo", ("127.0.0.1", 80), 1), ("getnameinfo", ("::1", 80, 0, 0), 3),
    ("getnameinfo", ("127.0.0.1", 80, 0), 3), ("getnameinfo", ("localhost", 80), 3),
    ("getnameinfo", ("::1", 1, 1 << 20), 3),
    ("if_nameindex",), ("if_nametoindex", "lo"), ("if_nametoindex", "none"), ("if_indextoname", 1),
    ("if_indextoname", 0), ("if_indextoname", (1 << 31) - 1), ("has_dualstack_ipv6",),
)


class Names(unittest.TestCase):
    def test_as_in_the_module_of_python(self):
        for row in ROWS:
            with self.subTest(row):
                self.assertEqual(outcome(socket, *row), outcome(python, *row))

    def test_the_failure_of_a_look_up(self):
        with self.assertRaises(socket.gaierror) as caught:
            socket.getaddrinfo("127.0.0.1", 80, socket.AF_INET6, 0, 0, socket.AI_NUMERICHOST)
        self.assertEqual(caught.exception.errno, socket.EAI_ADDRFAMILY)
        self.assertIsInstance(caught.exception, OSError)

    def test_every_name_of_python_is_there_or_has_a_reason(self):
        missing = {name for name in python.__all__ if not hasattr(socket, name)}
        self.assertEqual(missing, {"sethostname"})  # an administrator's act, not networking
        for kind in ("AddressInfo", "AddressFamily", "MsgFlag", "SocketKind"):
            self.assertEqual(
                {member.name: member.value for member in getattr(socket, kind)},
                {member.name: member.value for member in getattr(python, kind)},
            )

    def test_every_method_of_python_is_there(self):
        public = {name for name in dir(python.socket) if not name.startswith("_")}
        self.assertEqual({name for name in public if not hasattr(socket.socket, name)}, set())
