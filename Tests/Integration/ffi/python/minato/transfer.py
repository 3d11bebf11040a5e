"""Sending and receiving bytes and datagrams.

SPDX-License-Identifier: Apache-2.0
"""

import ctypes
import errno

from .address import pack, unpack
from .arguments import Memory, deadline, integer
from .errors import check_timed
from .library import Address, library


class Transfers:
    """The verbs of a plain socket that move bytes."""

    def send(self, data, flags=0, /):
        """Sends some of the bytes and gives how many."""
        with Memory(data) as memory:
            return self._waiting(library.minato_socket_send, memory.address, memory.length, integer(flags))

    def sendall(self, data, flags=0, /):
        """Sends all of the bytes under one time-out. After an exception nobody knows how many have gone."""
        flags, end, sent = integer(flags), deadline(self._limit), ctypes.c_size_t()
        with Memory(data) as memory:
            done = 0
            while True:
                result = library.minato_socket_send_all(
                    self._fd, (memory.address or 0) + done, memory.length - done, flags, end, ctypes.byref(sent)
                )
                done += sent.value
                if result != -errno.EINTR:
                    check_timed(result, end)
                    return

    def sendto(self, *arguments):
        """sendto(data, [flags,] address)"""
        if len(arguments) not in (2, 3):
            raise TypeError(f"sendto() takes 2 or 3 arguments ({len(arguments)} given)")
        data, flags, address = arguments[0], arguments[1:-1], arguments[-1]
        with Memory(data) as memory:
            flags = integer(flags[0]) if flags else 0
            target = pack(self._family, address, "sendto")
            return self._waiting(
                library.minato_socket_send_to, memory.address, memory.length, flags, ctypes.byref(target)
            )

    def recv(self, bufsize, flags=0, /):
        """Receives at most so many bytes; b"" is the end of a stream, or an empty datagram."""
        buffer = _room(bufsize, "recv")
        return bytes(memoryview(buffer)[: self._receive(buffer, bufsize, flags)])

    def recv_into(self, buffer, nbytes=0, flags=0):
        """Receives into a buffer, all of it or its first bytes, and gives how many."""
        return self._receive(buffer, nbytes, flags)

    def _receive(self, buffer, nbytes, flags):
        with Memory(buffer, writable=True) as memory:
            capacity = _capacity(memory, nbytes, "recv_into")
            return self._waiting(library.minato_socket_receive, memory.address, capacity, integer(flags))

    def recvfrom(self, bufsize, flags=0, /):
        """As `recv`, with the address of the sender."""
        buffer = _room(bufsize, "recvfrom")
        count, address = self._receive_from(buffer, bufsize, flags)
        return bytes(memoryview(buffer)[:count]), address

    def recvfrom_into(self, buffer, nbytes=0, flags=0):
        """As `recv_into`, with the address of the sender."""
        return self._receive_from(buffer, nbytes, flags)

    def _receive_from(self, buffer, nbytes, flags):
        sender = Address()
        with Memory(buffer, writable=True) as memory:
            capacity = _capacity(memory, nbytes, "recvfrom_into")
            count = self._waiting(
                library.minato_socket_receive_from, memory.address, capacity, integer(flags), ctypes.byref(sender)
            )
        return count, unpack(sender)


def _room(bufsize, verb):
    if bufsize < 0:
        raise ValueError(f"negative buffersize in {verb}")
    return bytearray(bufsize)


def _capacity(memory, nbytes, verb):
    if nbytes < 0:
        raise ValueError(f"negative buffersize in {verb}")
    if nbytes > memory.length:
        raise ValueError("buffer too small for requested bytes")
    return nbytes or memory.length
