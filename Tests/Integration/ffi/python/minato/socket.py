"""Python's module `socket` over libminato.

SPDX-License-Identifier: Apache-2.0
"""

import array
import os
from enum import IntEnum, IntFlag

from . import plain
from .constants import *  # noqa: F403
from .errors import error, gaierror, herror, timeout  # noqa: F401 (names of Python's module, as those below)
from .files import SendsFiles, SocketIO, _GiveupOnSendfile, open_file  # noqa: F401
from .names import *  # noqa: F403
from .plain import CAPI, SocketType, close, dup, getdefaulttimeout, has_ipv6, setdefaulttimeout  # noqa: F401


def _is_named(prefix):
    return lambda name: name.isupper() and name.startswith(prefix)


IntEnum._convert_("AddressFamily", __name__, _is_named("AF_"))
IntEnum._convert_("SocketKind", __name__, _is_named("SOCK_"))
IntFlag._convert_("MsgFlag", __name__, _is_named("MSG_"))
IntFlag._convert_("AddressInfo", __name__, _is_named("AI_"))

_LOCALHOST = "127.0.0.1"
_LOCALHOST_V6 = "::1"
_GLOBAL_DEFAULT_TIMEOUT = object()


def _member(kind, number):
    """The member of an enumeration, or the number when it has no name."""
    try:
        return kind(number)
    except ValueError:
        return number


class socket(SendsFiles, plain.socket):
    """A socket that can be a context and a file.

    Descriptor, family, type, protocol and time-out as in `plain.socket`. It is closed when nobody reads or writes it
    through `makefile` any more.
    """

    _io_refs = 0
    _closed = False
    family = property(lambda self: _member(AddressFamily, self._family), doc="The family, AF_INET ...")
    type = property(lambda self: _member(SocketKind, self._type), doc="The type, SOCK_STREAM ...")

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        if not self._closed:
            self.close()

    def __repr__(self):
        kind = self.__class__
        text = (
            f"<{kind.__module__}.{kind.__qualname__}{' [closed]' if self._closed else ''} fd={self.fileno()}, "
            f"family={self.family!s}, type={self.type!s}, proto={self.proto}"
        )
        for name, ask in () if self._closed else (("laddr", self.getsockname), ("raddr", self.getpeername)):
            try:
                address = ask()
            except OSError:
                continue
            text += f", {name}={address}" if address else ""
        return text + ">"

    def accept(self):
        """Waits for a connection: its socket, and the address of the peer."""
        descriptor, address = self._accept()
        connection = socket(self.family, self.type, self.proto, fileno=descriptor)
        # The time-out of the listener is not its connections'.
        if getdefaulttimeout() is None and self.gettimeout():
            connection.setblocking(True)
        return connection, address

    def dup(self):
        """A socket over a copy of the descriptor, with the same time-out."""
        copy = self.__class__(self.family, self.type, self.proto, fileno=dup(self.fileno()))
        copy.settimeout(self.gettimeout())
        return copy

    def makefile(self, mode="r", buffering=None, *, encoding=None, errors=None, newline=None):
        """A file over the connection, as `open` makes it; `mode` is made of "r", "w" and "b"."""
        return open_file(self, mode, buffering, encoding, errors, newline)

    def close(self):
        """Closes the socket, at once or with the last of its files."""
        self._closed = True
        if self._io_refs <= 0:
            self._real_close()

    def _real_close(self):
        super().close()

    def _decref_socketios(self):
        self._io_refs -= 1
        if self._closed:
            self.close()

    def detach(self):
        """Gives the descriptor away, open; the socket counts as closed."""
        self._closed = True
        return super().detach()


def fromfd(fd, family, type, proto=0):
    """A socket over a copy of a descriptor."""
    return socket(family, type, proto, dup(fd))


def socketpair(family=None, type=SOCK_STREAM, proto=0):
    """Two sockets that are connected to each other."""
    pair = plain.socketpair(AF_UNIX if family is None else family, type, proto)
    return tuple(socket(end.family, type, proto, end.detach()) for end in pair)


def send_fds(sock, buffers, fds, flags=0, address=None):
    """Sends descriptors along with bytes over a Unix socket."""
    return sock.sendmsg(buffers, [(SOL_SOCKET, SCM_RIGHTS, array.array("i", fds))], flags, address)


def recv_fds(sock, bufsize, maxfds, flags=0):
    """Receives bytes and at most so many descriptors: (bytes, descriptors, flags, address)."""
    descriptors = array.array("i")
    data, items, received_flags, address = sock.recvmsg(bufsize, CMSG_LEN(maxfds * descriptors.itemsize), flags)
    for level, kind, payload in items:
        if (level, kind) == (SOL_SOCKET, SCM_RIGHTS):
            descriptors.frombytes(payload[: len(payload) // descriptors.itemsize * descriptors.itemsize])
    return data, list(descriptors), received_flags, address


def getaddrinfo(host, port, family=0, type=0, proto=0, flags=0):
    """Looks up a host and a service: a list of (family, type, protocol, canonical name, address)."""
    return [
        (_member(AddressFamily, family), _member(SocketKind, type), proto, name, address)
        for family, type, proto, name, address in plain.getaddrinfo(host, port, family, type, proto, flags)
    ]


def getfqdn(name=""):
    """The full name of a host, as far as it can be found out; that of this host for "" and the wildcards."""
    name = name.strip()
    if name in ("", "0.0.0.0", "::"):
        name = gethostname()
    try:
        first, aliases, _ = gethostbyaddr(name)
    except OSError:
        return name
    return next((each for each in (first, *aliases) if "." in each), first)


def create_connection(address, timeout=_GLOBAL_DEFAULT_TIMEOUT, source_address=None, *, all_errors=False):
    """Connects to a host and a port, each address in turn, and gives the socket.

    The time-out is that of the socket: it holds for each address. When none can be reached, the last failure is raised,
    or with `all_errors` an ExceptionGroup of them all.
    """
    host, port = address
    failures = []
    for family, type, proto, _, target in getaddrinfo(host, port, 0, SOCK_STREAM):
        connection = None
        try:
            connection = socket(family, type, proto)
            if timeout is not _GLOBAL_DEFAULT_TIMEOUT:
                connection.settimeout(timeout)
            if source_address:
                connection.bind(source_address)
            connection.connect(target)
            return connection
        except OSError as failure:
            failures.append(failure)
            if connection is not None:
                connection.close()
    try:
        if all_errors:
            raise ExceptionGroup("create_connection failed", failures)
        raise failures[-1]
    finally:
        # The traceback of a failure holds this frame, which holds the failures.
        failures.clear()


def has_dualstack_ipv6():
    """Whether one socket can serve IPv4 and IPv6."""
    try:
        with socket(AF_INET6, SOCK_STREAM) as probe:
            probe.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 0)
            return True
    except OSError:
        return False


def create_server(address, *, family=AF_INET, backlog=None, reuse_port=False, dualstack_ipv6=False):
    """A listening stream socket, bound to a host and a port with SO_REUSEADDR."""
    if dualstack_ipv6 and family != AF_INET6:
        raise ValueError("dualstack_ipv6 requires AF_INET6 family")
    if dualstack_ipv6 and not has_dualstack_ipv6():
        raise ValueError("dualstack_ipv6 not supported on this platform")
    server = socket(family, SOCK_STREAM)
    try:
        server.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        if reuse_port:
            server.setsockopt(SOL_SOCKET, SO_REUSEPORT, 1)
        if family == AF_INET6:
            server.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 0 if dualstack_ipv6 else 1)
        try:
            server.bind(address)
        except OSError as failure:
            reason = f"{failure.strerror} (while attempting to bind on address {address!r})"
            raise OSError(failure.errno, reason) from None
        server.listen(*(() if backlog is None else (backlog,)))
        return server
    except OSError:
        server.close()
        raise


__all__ = [name for name in globals() if not name.startswith("_") and name not in ("array", "os", "plain")]
