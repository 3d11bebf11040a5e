"""Sockets and files: reading and writing a connection as a file, and sending a file over it.

SPDX-License-Identifier: Apache-2.0
"""

import ctypes
import errno
import io
import os

from .arguments import deadline
from .constants import SOCK_STREAM
from .errors import check_timed, timeout
from .library import library


class SocketIO(io.RawIOBase):
    """A connection as a raw file."""

    def __init__(self, sock, mode):
        if mode not in ("r", "w", "rw", "rb", "wb", "rwb"):
            raise ValueError(f"invalid mode: {mode!r}")
        super().__init__()
        self._sock = sock
        self._mode = mode if "b" in mode else mode + "b"
        self._timed_out = False

    mode = property(lambda self: self._mode)
    name = property(lambda self: -1 if self.closed else self.fileno())

    def readinto(self, buffer):
        """Reads into a buffer: how many bytes, 0 at the end, None when a socket that does not wait has none."""
        self._checkClosed()
        self._checkReadable()
        if self._timed_out:
            raise OSError("cannot read from timed out object")
        try:
            return self._sock.recv_into(buffer)
        except timeout:
            self._timed_out = True
            raise
        except BlockingIOError:
            return None

    def write(self, data):
        """Writes some of the bytes: how many, None when a socket that does not wait takes none."""
        self._checkClosed()
        self._checkWritable()
        try:
            return self._sock.send(data)
        except BlockingIOError:
            return None

    def _check_open(self):
        if self.closed:
            raise ValueError("I/O operation on closed socket.")

    def readable(self):
        self._check_open()
        return "r" in self._mode

    def writable(self):
        self._check_open()
        return "w" in self._mode

    def seekable(self):
        self._check_open()
        return False

    def fileno(self):
        self._checkClosed()
        return self._sock.fileno()

    def close(self):
        """Closes the file, and the socket if that is closed and this was the last of its files."""
        if self.closed:
            return
        super().close()
        self._sock._decref_socketios()
        self._sock = None


def open_file(sock, mode, buffering, encoding, errors, newline):
    """What `socket.makefile` makes."""
    if not set(mode) <= set("rwb"):
        raise ValueError(f"invalid mode {mode!r} (only r, w, b allowed)")
    writing, binary = "w" in mode, "b" in mode
    reading = "r" in mode or not writing
    raw = SocketIO(sock, "r" * reading + "w" * writing)
    sock._io_refs += 1
    size = io.DEFAULT_BUFFER_SIZE if buffering is None or buffering < 0 else buffering
    if size == 0:
        if not binary:
            raise ValueError("unbuffered streams must be binary")
        return raw
    if reading and writing:
        file = io.BufferedRWPair(raw, raw, size)
    else:
        file = (io.BufferedReader if reading else io.BufferedWriter)(raw, size)
    if binary:
        return file
    text = io.TextIOWrapper(file, io.text_encoding(encoding), errors, newline)
    text.mode = mode
    return text


class _GiveupOnSendfile(Exception):
    """The file is none that the kernel can send by itself."""


class SendsFiles:
    """The verb of a socket that sends a file."""

    def sendfile(self, file, offset=0, count=None):
        """Sends a file, opened as binary, from an offset up to its end or for `count` bytes, and gives how many.

        The position of the file is behind what was sent, also after a failure. The time-out holds for each wait. What
        the kernel cannot send by itself is read and sent.
        """
        try:
            return self._sendfile_use_sendfile(file, offset, count)
        except _GiveupOnSendfile:
            return self._sendfile_use_send(file, offset, count)

    def _sendfile_use_sendfile(self, file, offset=0, count=None):
        self._check_sendfile_params(file, offset, count)
        try:
            descriptor = file.fileno()
            size = os.fstat(descriptor).st_size
        except (AttributeError, io.UnsupportedOperation, OSError) as failure:
            raise _GiveupOnSendfile(failure) from None
        if size == 0:
            return 0
        total = 0
        try:
            while count is None or total < count:
                rest = (2**63 - 1 if count is None else count) - total
                result, sent, end = self._send_file(descriptor, offset + total, rest)
                total += sent
                if result == 0:
                    break
                if result == -errno.EINTR or (result == -errno.ETIMEDOUT and sent > 0):
                    continue
                if total == 0 and result in (-errno.ESPIPE, -errno.EINVAL, -errno.EBADF):
                    raise _GiveupOnSendfile(os.strerror(-result))
                check_timed(result, end)
            return total
        finally:
            if total > 0 and hasattr(file, "seek"):
                file.seek(offset + total)

    def _send_file(self, file, offset, count):
        end, sent = deadline(self._limit), ctypes.c_uint64()
        result = library.minato_socket_send_file(self._fd, file, offset, count, end, ctypes.byref(sent))
        return result, sent.value, end

    def _sendfile_use_send(self, file, offset=0, count=None):
        self._check_sendfile_params(file, offset, count)
        if offset:
            file.seek(offset)
        total = 0
        try:
            while count is None or total < count:
                data = memoryview(file.read(8192 if count is None else min(8192, count - total)))
                if not data:
                    break
                while data:
                    sent = self.send(data)
                    data = data[sent:]
                    total += sent
            return total
        finally:
            if total > 0 and hasattr(file, "seek"):
                file.seek(offset + total)

    def _check_sendfile_params(self, file, offset, count):
        if "b" not in getattr(file, "mode", "b"):
            raise ValueError("file should be opened in binary mode")
        if not self.type & SOCK_STREAM:
            raise ValueError("only SOCK_STREAM type sockets are supported")
        if count is not None and not isinstance(count, int):
            raise TypeError(f"count must be a positive integer (got {count!r})")
        if count is not None and count <= 0:
            raise ValueError(f"count must be a positive integer (got {count!r})")
        if self.gettimeout() == 0:
            raise ValueError("non-blocking sockets are not supported")
