"""The plain socket of descriptor, family, type, protocol and time-out: what Python has in its module `_socket`.

SPDX-License-Identifier: Apache-2.0
"""

import ctypes
import errno
import struct
import warnings

from . import constants as c
from .address import pack, unpack
from .arguments import Memory, deadline, integer, nanoseconds
from .constants import *  # noqa: F403 (the names of Python's own module)
from .constants import CAPI  # noqa: F401
from .errors import check, check_timed, error, failure, gaierror, herror, resumed, timeout  # noqa: F401
from .library import NO_WAIT, Address, SocketInfo, library
from .messages import Messages
from .names import *  # noqa: F403
from .transfer import Transfers

has_ipv6 = True
_default = None


def getdefaulttimeout():
    """The time-out in seconds of sockets that are made from now on, or None."""
    return None if _default is None else _default / 1e9


def setdefaulttimeout(seconds):
    """Sets it; None waits for ever."""
    global _default
    _default = _nonnegative(seconds)


def _nonnegative(seconds):
    limit = nanoseconds(seconds)
    if limit is not None and limit < 0:
        raise ValueError("Timeout value out of range")
    return limit


def close(descriptor):
    """Closes a descriptor. After an error of the connection it is closed just as well."""
    result = library.minato_socket_close(integer(descriptor))
    if result < 0 and result != -errno.ECONNRESET:
        raise failure(result)


def dup(descriptor):
    """A copy of the descriptor, not inheritable."""
    return check(library.minato_socket_duplicate(integer(descriptor)))


class socket(Transfers, Messages):
    """A socket, with the verbs of Python's `_socket.socket`."""

    _fd = -1
    _limit = None
    family = property(lambda self: self._family)
    type = property(lambda self: self._type)
    proto = property(lambda self: self._proto)
    timeout = property(lambda self: self.gettimeout())
    _family = _type = _proto = 0

    def __init__(self, family=-1, type=-1, proto=-1, fileno=None):
        family, type, proto = integer(family), integer(type), integer(proto)
        if fileno is None:
            family, type, proto = (
                default if given == -1 else given
                for given, default in ((family, c.AF_INET), (type, c.SOCK_STREAM), (proto, 0))
            )
            descriptor = check(library.minato_socket_open(family, type, proto))
        else:
            descriptor = _adopted(fileno)
            info = SocketInfo()
            check(library.minato_socket_inspect(descriptor, ctypes.byref(info)))
            family = info.family if family == -1 else family
            type = info.type if type == -1 else type
            proto = info.protocol if proto == -1 else proto
        self._fd, self._family, self._proto = descriptor, family, proto
        self._type = type & ~(c.SOCK_NONBLOCK | c.SOCK_CLOEXEC)
        if type & c.SOCK_NONBLOCK:
            self._limit = 0
        elif _default is not None:
            self._set_limit(_default)

    def __del__(self):
        if self._fd == -1:
            return
        warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self, stacklevel=2)
        descriptor, self._fd = self._fd, -1
        library.minato_socket_close(descriptor)

    def __repr__(self):
        return f"<socket object, fd={self._fd}, family={self.family}, type={self.type}, proto={self.proto}>"

    def __getstate__(self):
        raise TypeError(f"cannot pickle {self.__class__.__name__!r} object")

    # Life

    def fileno(self):
        """The descriptor, -1 once it is closed or detached."""
        return self._fd

    def detach(self):
        """Gives the descriptor away, open."""
        descriptor, self._fd = self._fd, -1
        return descriptor

    def close(self):
        """Closes the descriptor."""
        descriptor = self.detach()
        if descriptor != -1:
            close(descriptor)

    def get_inheritable(self):
        return check(library.minato_socket_is_inheritable(self._fd)) != 0

    def set_inheritable(self, inheritable):
        check(library.minato_socket_set_inheritable(self._fd, bool(inheritable)))

    # Time-outs

    def gettimeout(self):
        """The time-out in seconds; None for a socket that waits for ever, 0.0 for one that does not wait."""
        return None if self._limit is None else self._limit / 1e9

    def settimeout(self, seconds):
        self._set_limit(_nonnegative(seconds))

    def setblocking(self, blocking):
        self._set_limit(None if blocking else 0)

    def getblocking(self):
        return self._limit != 0

    def _set_limit(self, limit):
        # As in Python's own module, the descriptor of a socket with a time-out does not block.
        check(library.minato_socket_set_blocking(self._fd, limit is None))
        self._limit = limit

    def _waiting(self, function, *arguments):
        """Calls a function of the library whose last argument is the deadline."""
        end = deadline(self._limit)
        return check_timed(resumed(function, self._fd, *arguments, end), end)

    # Connections

    def bind(self, address, /):
        check(library.minato_socket_bind(self._fd, ctypes.byref(pack(self._family, address, "bind"))))

    def listen(self, backlog=128, /):
        check(library.minato_socket_listen(self._fd, integer(backlog)))

    def _accept(self):
        """Waits for a connection: its descriptor, and the address of the peer."""
        peer = Address()
        end = deadline(self._limit)
        descriptor = check_timed(resumed(library.minato_socket_accept, self._fd, 0, end, ctypes.byref(peer)), end)
        return descriptor, unpack(peer)

    def _connect(self, address, verb):
        target = pack(self._family, address, verb)
        if self._limit == 0:
            result = library.minato_socket_start_connect(self._fd, ctypes.byref(target))
            return (-errno.EINPROGRESS if result == 1 else result), NO_WAIT
        end = deadline(self._limit)
        return resumed(library.minato_socket_connect, self._fd, ctypes.byref(target), end), end

    def connect(self, address, /):
        check_timed(*self._connect(address, "connect"))

    def connect_ex(self, address, /):
        """As `connect`, with the error number as the result; EAGAIN for a time-out."""
        result, end = self._connect(address, "connect_ex")
        try:
            check_timed(result, end)
        except OSError as problem:
            return problem.errno or errno.EAGAIN
        return 0

    def shutdown(self, how, /):
        check(library.minato_socket_shutdown(self._fd, integer(how)))

    def getsockname(self):
        address = Address()
        check(library.minato_socket_local_address(self._fd, ctypes.byref(address)))
        return unpack(address)

    def getpeername(self):
        address = Address()
        check(library.minato_socket_peer_address(self._fd, ctypes.byref(address)))
        return unpack(address)

    # Options

    def setsockopt(self, level, name, value, length=None, /):
        """Sets an option to a number, to bytes, or to None with a length."""
        level, name = integer(level), integer(name)
        if length is not None:
            if value is not None:
                raise TypeError("the value must be None when there is a length")
            check(library.minato_option_set_bytes(self._fd, level, name, None, length))
        elif isinstance(value, int) and level == c.AF_VSOCK:
            self.setsockopt(level, name, struct.pack("=Q", value))
        elif isinstance(value, int):
            check(library.minato_option_set_integer(self._fd, level, name, integer(value)))
        else:
            with Memory(value) as memory:
                check(library.minato_option_set_bytes(self._fd, level, name, memory.address, memory.length))

    def getsockopt(self, level, name, length=0, /):
        """An option as a number, or as at most `length` bytes."""
        level, name = integer(level), integer(name)
        if length == 0 and level == c.AF_VSOCK:
            # Its numbers are of 64 bits. See vsock(7).
            return struct.unpack("=Q", self.getsockopt(level, name, 8))[0]
        if length == 0:
            number = ctypes.c_int32()
            check(library.minato_option_get_integer(self._fd, level, name, ctypes.byref(number)))
            return number.value
        if not 0 < length <= 1024:
            raise OSError("getsockopt buflen out of range")
        value = ctypes.create_string_buffer(length)
        count = check(library.minato_option_get_bytes(self._fd, level, name, value, length))
        return value.raw[:count]


def _adopted(fileno):
    if isinstance(fileno, float):
        raise TypeError("integer argument expected, got float")
    fileno = integer(fileno)
    if fileno < 0:
        raise ValueError("negative file descriptor")
    return fileno


def socketpair(family=c.AF_UNIX, type=c.SOCK_STREAM, proto=0):
    """Two plain sockets that are connected to each other."""
    descriptors = (ctypes.c_int32 * 2)()
    check(library.minato_socket_pair(integer(family), integer(type), integer(proto), descriptors))
    return tuple(socket(family, type, proto, descriptor) for descriptor in descriptors)


SocketType = socket
