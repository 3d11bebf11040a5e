"""Addresses of Python (pairs, paths) as those of libminato, and back.

SPDX-License-Identifier: Apache-2.0
"""

import ctypes
import errno
import os

from . import constants as c
from . import families
from .arguments import Memory, integer
from .errors import check, resolver_failure
from .library import HOST_NAME_MAX, UNIX_ABSTRACT, UNIX_UNNAMED, Address, library


def text_bytes(host):
    """A host name as the bytes that the resolver takes; IDNA for what is not ASCII."""
    if isinstance(host, str):
        try:
            return host.encode("ascii")
        except UnicodeEncodeError:
            return host.encode("idna")
    if isinstance(host, (bytes, bytearray)):
        return bytes(host)
    raise TypeError(f"str, bytes or bytearray expected, not {type(host).__name__}")


class Resolution:
    """The answer of a look-up: an iteration gives family, type, protocol and Address. To be used in a `with`."""

    def __init__(self, host, service, family=0, type=0, protocol=0, flags=0):
        self._answer = ctypes.c_void_p()
        code = ctypes.c_int32()
        result = library.minato_resolve(
            host, len(host or b""), service, len(service or b""), family, type, protocol, flags,
            ctypes.byref(self._answer), ctypes.byref(code)
        )
        if result < 0:
            raise resolver_failure(result, code.value)

    def __iter__(self):
        for index in range(library.minato_resolution_count(self._answer)):
            address, numbers = Address(), [ctypes.c_int32() for _ in range(3)]
            check(
                library.minato_resolution_get(
                    self._answer, index, ctypes.byref(address), *(ctypes.byref(number) for number in numbers)
                )
            )
            yield *(number.value for number in numbers), address

    @property
    def canonical_name(self):
        return (library.minato_resolution_canonical_name(self._answer) or b"").decode()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        library.minato_resolution_free(self._answer)


def _host_octets(host, family):
    """The octets and the scope of a host: "" is the wildcard, "<broadcast>" the address 255.255.255.255."""
    name = text_bytes(host)
    if b"\0" in name:
        raise TypeError("host name must not contain null character")
    if name == b"" and family == c.AF_INET6:
        return bytes(16), 0
    if name == b"":
        return bytes(4), 0
    if name == b"<broadcast>":
        if family != c.AF_INET:
            raise OSError("address family mismatched")
        return b"\xff" * 4, 0
    with Resolution(name, None, family, c.SOCK_DGRAM) as resolution:
        address = next(iter(resolution))[-1]
    return octets_of(address), library.minato_address_scope_id(ctypes.byref(address))


def octets_of(address):
    octets = (ctypes.c_uint8 * 16)()
    count = check(library.minato_address_octets(ctypes.byref(address), octets))
    return bytes(octets[:count])


def _port(port, verb):
    port = integer(port)
    if not 0 <= port <= 0xFFFF:
        raise OverflowError(f"{verb}(): port must be 0-65535.")
    return port


def _tuple(value, lengths, verb, name, shape):
    if not isinstance(value, tuple):
        raise TypeError(f"{verb}(): {name} address must be tuple, not {type(value).__name__}")
    if len(value) not in lengths:
        raise TypeError(f"{verb}(): {name} address must be a {shape}")
    return value


def _ipv4(value, verb):
    host, port = _tuple(value, (2,), verb, "AF_INET", "pair (host, port)")
    port = _port(port, verb)
    address = Address()
    octets, _ = _host_octets(host, c.AF_INET)
    library.minato_address_set_ipv4(ctypes.byref(address), octets, port)
    return address


def _ipv6(value, verb):
    shape = "tuple (host, port[, flowinfo[, scopeid]])"
    host, port, flow, scope = (*_tuple(value, (2, 3, 4), verb, "AF_INET6", shape), 0, 0)[:4]
    port = _port(port, verb)
    if not 0 <= flow <= 0xFFFFF:
        raise OverflowError(f"{verb}(): flowinfo must be 0-1048575.")
    address = Address()
    octets, found = _host_octets(host, c.AF_INET6)
    library.minato_address_set_ipv6(ctypes.byref(address), octets, port, scope or found, flow)
    return address


def _unix(value, verb):
    if isinstance(value, str):
        name = os.fsencode(value)
    else:
        with Memory(value) as memory:
            name = ctypes.string_at(memory.address, memory.length)
    address = Address()
    place = ctypes.byref(address)
    if name == b"":
        library.minato_address_set_unix_unnamed(place)
        return address
    if name[0] == 0:
        result = library.minato_address_set_unix_abstract(place, name[1:], len(name) - 1)
    else:
        result = library.minato_address_set_unix_path(place, name, len(name))
    if result == -errno.ENAMETOOLONG:
        raise OSError("AF_UNIX path too long")
    check(result)
    return address


_PACK = {c.AF_INET: _ipv4, c.AF_INET6: _ipv6, c.AF_UNIX: _unix}


def pack(family, value, verb):
    """The Address of what Python calls an address of the family; `verb` is the method that errors name."""
    if family in _PACK:
        return _PACK[family](value, verb)
    raw = families.pack(family, value, verb)
    address = Address()
    check(library.minato_address_set_raw(ctypes.byref(address), raw, len(raw)))
    return address


def numeric_host(address):
    """The address in numbers, without its scope."""
    host = ctypes.create_string_buffer(HOST_NAME_MAX)
    code = ctypes.c_int32()
    result = library.minato_resolve_address(
        ctypes.byref(address), c.NI_NUMERICHOST, host, len(host), None, 0, ctypes.byref(code)
    )
    if result < 0:
        raise resolver_failure(result, code.value)
    return host.value.decode().partition("%")[0]


def _unix_name(address):
    kind = library.minato_address_unix_kind(ctypes.byref(address))
    if kind == UNIX_UNNAMED:
        return ""
    name = ctypes.create_string_buffer(128)
    length = check(library.minato_address_unix_name(ctypes.byref(address), name, len(name)))
    return b"\0" + name.raw[:length] if kind == UNIX_ABSTRACT else os.fsdecode(name.raw[:length])


def unpack(address):
    """What Python calls this address; None for no address."""
    place = ctypes.byref(address)
    family = library.minato_address_family(place)
    if family == c.AF_UNSPEC:
        return None
    if family == c.AF_INET:
        return numeric_host(address), library.minato_address_port(place)
    if family == c.AF_INET6:
        flow, scope = library.minato_address_flow_info(place), library.minato_address_scope_id(place)
        return numeric_host(address), library.minato_address_port(place), flow, scope
    if family == c.AF_UNIX:
        return _unix_name(address)
    length = ctypes.c_uint32()
    start = library.minato_address_bytes(place, ctypes.byref(length))
    return families.unpack(family, ctypes.string_at(start, length.value))
