"""Addresses of the families that libminato carries as raw bytes: netlink, packet, CAN, vsock, TIPC, QIPCRTR, the
kernel's cryptography. See netlink(7), packet(7), vsock(7), and the kernel's headers for the others.

SPDX-License-Identifier: Apache-2.0
"""

import ctypes
import struct

from . import constants as c
from .errors import check
from .library import SERVICE_NAME_MAX, library


def interface_index(name):
    """The index of an interface by name; "" is every interface."""
    name = name.encode() if isinstance(name, str) else bytes(name)
    return check(library.minato_interface_index(name)) if name else 0


def interface_name(index):
    if index == 0:
        return ""
    name = ctypes.create_string_buffer(SERVICE_NAME_MAX)
    return name.value.decode() if library.minato_interface_name(index, name, len(name)) >= 0 else ""


def _pack_netlink(pid, groups):
    return struct.pack("=HHII", c.AF_NETLINK, 0, pid, groups)


def _unpack_netlink(raw):
    return struct.unpack_from("=II", raw, 4)


def _pack_packet(interface, protocol, kind=0, hardware=0, address=b""):
    if not 0 <= protocol <= 0xFFFF:
        raise OverflowError("proto must be 0-65535.")
    if len(address) > 8:
        raise ValueError("hardware address must be 8 bytes or less")
    index = interface_index(interface)
    head = struct.pack("=HHiHBB", c.AF_PACKET, _swapped(protocol), index, hardware, kind, len(address))
    return head + bytes(address).ljust(8, b"\0")


def _unpack_packet(raw):
    protocol, index, hardware, kind, length = struct.unpack_from("=HiHBB", raw, 2)
    return interface_name(index), _swapped(protocol), kind, hardware, raw[12 : 12 + length]


def _swapped(number):
    return struct.unpack("!H", struct.pack("=H", number))[0]


def _pack_can(interface, *identifiers):
    # (interface,), (interface, rx, tx) for ISO-TP, (interface, name, pgn, address) for J1939.
    head = struct.pack("=HHi", c.AF_CAN, 0, interface_index(interface))
    if len(identifiers) == 3:
        return head + struct.pack("=QIB3x", *identifiers)
    return head + struct.pack("=II8x", *(identifiers or (0, 0)))


def _unpack_can(raw):
    return (interface_name(struct.unpack_from("=i", raw, 4)[0]),)


def _pack_vsock(cid, port):
    return struct.pack("=HHIIB3x", c.AF_VSOCK, 0, port, cid, 0)


def _unpack_vsock(raw):
    port, cid = struct.unpack_from("=II", raw, 4)
    return cid, port


def _pack_tipc(kind, first, second, third, scope=2):
    if kind == c.TIPC_ADDR_NAME:
        numbers = (first, second, third)
    elif kind == c.TIPC_ADDR_NAMESEQ or kind == c.TIPC_ADDR_ID:
        numbers = (first, second, third) if kind == c.TIPC_ADDR_NAMESEQ else (second, first, 0)
    else:
        raise TypeError("Invalid address type")
    return struct.pack("=HBbIII", c.AF_TIPC, kind, scope, *numbers)


def _unpack_tipc(raw):
    kind, scope, first, second, third = struct.unpack_from("=BbIII", raw, 2)
    if kind == c.TIPC_ADDR_ID:
        return kind, second, first, 0, scope
    return kind, first, second, third, scope


def _pack_qipcrtr(node, port):
    return struct.pack("=HHII", c.AF_QIPCRTR, 0, node, port)


def _pack_algorithm(kind, name, feature=0, mask=0):
    kind, name = kind.encode(), name.encode()
    if len(kind) > 13:
        raise ValueError("AF_ALG type too long.")
    if len(name) > 63:
        raise ValueError("AF_ALG name too long.")
    return struct.pack("=H14sII64s", c.AF_ALG, kind, feature, mask, name)


# Family: how to write it, how to read it (netlink and QIPCRTR are alike), how many values it has.
_FAMILIES = {
    c.AF_NETLINK: (_pack_netlink, _unpack_netlink, (2,)),
    c.AF_PACKET: (_pack_packet, _unpack_packet, (2, 3, 4, 5)),
    c.AF_CAN: (_pack_can, _unpack_can, (1, 3, 4)),
    c.AF_VSOCK: (_pack_vsock, _unpack_vsock, (2,)),
    c.AF_TIPC: (_pack_tipc, _unpack_tipc, (4, 5)),
    c.AF_QIPCRTR: (_pack_qipcrtr, _unpack_netlink, (2,)),
    c.AF_ALG: (_pack_algorithm, None, (2, 3, 4)),
}


def pack(family, value, verb):
    """The bytes of the sockaddr of a family."""
    if family not in _FAMILIES:
        raise OSError(f"{verb}(): bad family")
    if not isinstance(value, tuple):
        raise TypeError(f"{verb}(): address must be tuple, not {type(value).__name__}")
    writer, _, lengths = _FAMILIES[family]
    if len(value) not in lengths:
        raise TypeError(f"{verb}(): address must have {' or '.join(map(str, lengths))} values")
    try:
        return writer(*value)
    except struct.error as failure:
        raise OverflowError(f"{verb}(): {failure}") from None


def unpack(family, raw):
    """What Python calls an address; for an unknown family the pair of family and bytes."""
    reader = _FAMILIES.get(family, (None, None))[1]
    return reader(raw) if reader else (family, raw[2:])
