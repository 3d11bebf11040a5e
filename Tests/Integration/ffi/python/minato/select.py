"""Python's module `select` over libminato: `select`, `poll`, `epoll`.

SPDX-License-Identifier: Apache-2.0
"""

import ctypes
import errno

from .arguments import deadline, descriptor_of, nanoseconds
from .constants import SELECT
from .errors import check, failure, resumed
from .library import (
    EDGE_TRIGGERED, ERROR, EXCLUSIVE, HANGUP, INVALID, ONE_SHOT, POLLER_EPOLL, PRIORITY, READABLE, READ_CLOSED,
    WRITABLE, Event, PollEntry, SelectSet, library,
)

globals().update(SELECT)
error = OSError

# The numbers of poll(2) and epoll(7) are the same, as far as both have them.
_FLAGS = (
    (SELECT["POLLIN"], READABLE),
    (SELECT["POLLOUT"], WRITABLE),
    (SELECT["POLLPRI"], PRIORITY),
    (SELECT["POLLRDHUP"], READ_CLOSED),
    (SELECT["POLLHUP"], HANGUP),
    (SELECT["POLLERR"], ERROR),
    (SELECT["POLLNVAL"], INVALID),
)
_BEHAVIOURS = (
    (SELECT["EPOLLET"], EDGE_TRIGGERED),
    (SELECT["EPOLLONESHOT"], ONE_SHOT),
    (SELECT["EPOLLEXCLUSIVE"], EXCLUSIVE),
)
_ASKED_FOR = READABLE | WRITABLE | PRIORITY | READ_CLOSED


def _to_minato(mask, behaviours=()):
    interest = sum(flag for bit, flag in _FLAGS if mask & bit) & _ASKED_FOR
    return interest | sum(flag for bit, flag in behaviours if mask & bit)


def _from_minato(ready):
    return sum(bit for bit, flag in _FLAGS if ready & flag)


def _mask(value):
    if not 0 <= value < 2**32:
        raise OverflowError("event mask out of range") if value > 0 else ValueError("event mask must be positive")
    return value


def select(rlist, wlist, xlist, timeout=None, /):
    """Waits until something of three lists is ready, and gives the parts of the lists that are.

    The lists hold descriptors or objects with `fileno`, any number of them and of any size. The time limit is in
    seconds, None for ever.
    """
    limit = nanoseconds(timeout)
    if limit is not None and limit < 0:
        raise ValueError("timeout must be non-negative")
    lists = [list(items) for items in (rlist, wlist, xlist)]
    sets, memory = [], []
    for items in lists:
        numbers = (ctypes.c_int32 * len(items))(*map(descriptor_of, items))
        ready = (ctypes.c_uint8 * len(items))()
        memory.append((numbers, ready))
        sets.append(SelectSet(ctypes.addressof(numbers), ctypes.addressof(ready), len(items)))
    check(resumed(library.minato_select, *map(ctypes.byref, sets), deadline(limit)))
    return tuple([item for item, is_ready in zip(items, ready) if is_ready] for items, (_, ready) in zip(lists, memory))


class poll:
    """A set of descriptors that is waited for with poll(2)."""

    def __init__(self):
        self._masks = {}
        self._entries = None
        self._polling = False

    def register(self, fd, eventmask=SELECT["POLLIN"] | SELECT["POLLPRI"] | SELECT["POLLOUT"], /):
        """Adds a descriptor, or changes what it is waited for."""
        mask = _mask(eventmask)
        if mask > 0xFFFF:
            raise OverflowError("Python int too large for C unsigned short")
        self._masks[descriptor_of(fd)] = mask
        self._entries = None

    def modify(self, fd, eventmask, /):
        if descriptor_of(fd) not in self._masks:
            raise failure(-errno.ENOENT)
        self.register(fd, eventmask)

    def unregister(self, fd, /):
        del self._masks[descriptor_of(fd)]
        self._entries = None

    def poll(self, timeout=None, /):
        """Waits for milliseconds; None and a negative number for ever. A list of (descriptor, events)."""
        if self._polling:
            raise RuntimeError("concurrent poll() invocation")
        # Those of a thousand times as long, rounded up.
        limit = None if timeout is None or timeout < 0 else -(-nanoseconds(timeout) // 1000)
        if self._entries is None:
            rows = [(number, _to_minato(mask), 0) for number, mask in self._masks.items()]
            self._entries = (PollEntry * len(rows))(*rows)
        entries = self._entries
        self._polling = True
        try:
            check(resumed(library.minato_poll, entries, len(entries), deadline(limit)))
        finally:
            self._polling = False
        return [(entry.descriptor, _from_minato(entry.ready)) for entry in entries if entry.ready]


class epoll:
    """A set of descriptors that is waited for with epoll(7), by the poller of libminato.

    One thread at a time registers and waits.
    """

    def __init__(self, sizehint=-1, flags=0):
        self._registrations = {}
        self._poller = ctypes.c_void_p()
        check(library.minato_poller_open(POLLER_EPOLL, ctypes.byref(self._poller)))

    closed = property(lambda self: not self._poller)

    def _open(self):
        if not self._poller:
            raise ValueError("I/O operation on closed epoll object")
        return self._poller

    def fileno(self):
        return library.minato_poller_descriptor(self._open())

    def close(self):
        library.minato_poller_close(self._poller)
        self._poller = ctypes.c_void_p()

    __del__ = close

    def __enter__(self):
        self._open()
        return self

    def __exit__(self, *exception):
        self.close()

    def register(self, fd, eventmask=SELECT["EPOLLIN"] | SELECT["EPOLLPRI"] | SELECT["EPOLLOUT"]):
        number, registration = descriptor_of(fd), ctypes.c_uint64()
        interest = _to_minato(_mask(eventmask), _BEHAVIOURS)
        check(library.minato_poller_add(self._open(), number, interest, 0, ctypes.byref(registration)))
        stale = self._registrations.get(number)
        if stale is not None:
            # The number was closed and means another file by now.
            library.minato_poller_remove(self._poller, stale)
        self._registrations[number] = registration.value

    def modify(self, fd, eventmask):
        registration = self._registrations.get(descriptor_of(fd), 0)
        interest = _to_minato(_mask(eventmask), _BEHAVIOURS)
        check(library.minato_poller_modify(self._open(), registration, interest, 0))

    def unregister(self, fd):
        registration = self._registrations.pop(descriptor_of(fd), 0)
        check(library.minato_poller_remove(self._open(), registration))

    def poll(self, timeout=None, maxevents=-1):
        """Waits for seconds; None and a negative number for ever. A list of (descriptor, events)."""
        if maxevents == 0 or maxevents < -1:
            raise ValueError("maxevents must be greater than 0")
        end = deadline(None if timeout is not None and timeout < 0 else nanoseconds(timeout))
        capacity = max(len(self._registrations), 1) if maxevents == -1 else maxevents
        events = (Event * capacity)()
        count = check(resumed(library.minato_poller_wait, self._open(), events, capacity, end))
        return [(event.descriptor, _from_minato(event.ready)) for event in events[:count]]
