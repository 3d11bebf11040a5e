"""Messages: scatter and gather, ancillary data.

SPDX-License-Identifier: Apache-2.0
"""

import contextlib
import ctypes
import errno
import struct

from . import constants as c
from .address import pack, unpack
from .arguments import Memory, integer
from .errors import check
from .library import Address, Buffer, Control, ControlItem, library

_IOV_MAX = 1024
_SIZE_MAX = 0x7FFFFFFF


def CMSG_LEN(length, /):
    """Bytes that an item of ancillary data takes, without the padding behind it."""
    return _control_size(library.minato_control_length, length, "CMSG_LEN")


def CMSG_SPACE(length, /):
    """Bytes that an item of ancillary data takes, with the padding behind it."""
    return _control_size(library.minato_control_space, length, "CMSG_SPACE")


def _control_size(function, length, verb):
    size = function(length) if 0 <= length <= _SIZE_MAX else -errno.EOVERFLOW
    if size < 0:
        raise OverflowError(f"{verb}() argument out of range")
    return size


class Messages:
    """The verbs of a plain socket that move messages."""

    def sendmsg(self, buffers, ancdata=(), flags=0, address=None, /):
        """Sends one message gathered from buffers, with items (level, type, data) of ancillary data."""
        target = None if address is None else ctypes.byref(pack(self._family, address, "sendmsg"))
        return self._send_message(buffers, ancdata, flags, target)

    def _send_message(self, buffers, items, flags, target=None):
        with contextlib.ExitStack() as held:
            pieces = _pieces(held, buffers, "sendmsg")
            control = _control_of(held, items)
            return self._waiting(
                library.minato_message_send, pieces, len(pieces), target, ctypes.byref(control), integer(flags)
            )

    def sendmsg_afalg(self, msg=(), *, op, iv=None, assoclen=None, flags=0):
        """Sends to the kernel's cryptography: the operation, and the initial vector and length of associated data."""
        if op is None or op < 0:
            raise TypeError("Invalid or missing argument 'op'")
        if assoclen is not None and assoclen < 0:
            raise TypeError("assoclen must be positive")
        items = [(c.SOL_ALG, c.ALG_SET_OP, struct.pack("=I", op))]
        if iv is not None:
            items.append((c.SOL_ALG, c.ALG_SET_IV, struct.pack("=I", len(iv)) + bytes(iv)))
        if assoclen is not None:
            items.append((c.SOL_ALG, c.ALG_SET_AEAD_ASSOCLEN, struct.pack("=I", assoclen)))
        return self._send_message(msg, items, flags)

    def recvmsg(self, bufsize, ancbufsize=0, flags=0, /):
        """Receives a message: its bytes, its ancillary data, its flags, and the sender's address."""
        if bufsize < 0:
            raise ValueError("negative buffer size in recvmsg()")
        buffer = bytearray(bufsize)
        count, *rest = self._receive_message([buffer], ancbufsize, flags, "recvmsg")
        return bytes(memoryview(buffer)[:count]), *rest

    def recvmsg_into(self, buffers, ancbufsize=0, flags=0, /):
        """As `recvmsg`, scattered into buffers, with the number of bytes in place of them."""
        return self._receive_message(buffers, ancbufsize, flags, "recvmsg_into")

    def _receive_message(self, buffers, ancbufsize, flags, verb):
        if not 0 <= ancbufsize <= _SIZE_MAX:
            raise ValueError(f"invalid ancillary data buffer length in {verb}()")
        sender, received_flags = Address(), ctypes.c_int32()
        memory = ctypes.create_string_buffer(ancbufsize) if ancbufsize else None
        control = Control(ctypes.cast(memory, ctypes.c_void_p), ancbufsize, 0)
        with contextlib.ExitStack() as held:
            pieces = _pieces(held, buffers, verb, writable=True)
            count = self._waiting(
                library.minato_message_receive, pieces, len(pieces), ctypes.byref(sender),
                ctypes.byref(control) if memory else None, integer(flags), ctypes.byref(received_flags),
            )
        return count, _items(control), received_flags.value, unpack(sender)


def _pieces(held, buffers, verb, writable=False):
    """The buffers as an array of libminato, their memory held in place."""
    try:
        memories = [held.enter_context(Memory(buffer, writable)) for buffer in iter(buffers)]
    except TypeError as failure:
        if hasattr(buffers, "__iter__"):
            raise
        raise TypeError(f"{verb}() argument 1 must be an iterable of bytes-like objects") from failure
    if len(memories) > _IOV_MAX:
        raise OSError(f"{verb}() argument 1 is too long")
    return (Buffer * len(memories))(*(Buffer(memory.address, memory.length) for memory in memories))


def _control_of(held, items):
    """Ancillary data of (level, type, data)."""
    parts = []
    for item in items:
        if not isinstance(item, tuple) or len(item) != 3:
            raise TypeError("[sendmsg() ancillary data items] must be tuples of 3 values")
        level, kind, data = item
        memory = held.enter_context(Memory(data))
        parts.append((integer(level), integer(kind), memory))
    space = sum(CMSG_SPACE(memory.length) for _, _, memory in parts)
    if space > _SIZE_MAX:
        raise OSError("too much ancillary data")
    room = (ctypes.c_uint64 * (space // 8 + 1))()
    control = Control(ctypes.addressof(room), space, 0)
    control.room = room  # lives as long
    for level, kind, memory in parts:
        data = ctypes.string_at(memory.address, memory.length)
        check(library.minato_control_append(ctypes.byref(control), level, kind, data, len(data)))
    return control


def _items(control):
    """The items of ancillary data that came, as (level, type, data)."""
    items, item, cursor = [], ControlItem(), ctypes.c_size_t()
    while library.minato_control_next(ctypes.byref(control), ctypes.byref(cursor), ctypes.byref(item)) == 1:
        items.append((item.level, item.type, ctypes.string_at(item.data, item.length) if item.length else b""))
    return items
