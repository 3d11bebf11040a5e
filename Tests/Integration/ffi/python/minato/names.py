"""Names and numbers: hosts, services, protocols, interfaces, and addresses as text.

SPDX-License-Identifier: Apache-2.0
"""

import ctypes
import itertools
import operator
import os
import sys

from . import constants as c
from .address import Resolution, numeric_host, octets_of, pack, text_bytes, unpack
from .arguments import integer
from .errors import check, gaierror, herror, resolver_failure
from .families import interface_name
from .library import HOST_NAME_MAX, Address, library
from .messages import CMSG_LEN, CMSG_SPACE

__all__ = """
    CMSG_LEN CMSG_SPACE getaddrinfo gethostbyaddr gethostbyname gethostbyname_ex gethostname getnameinfo getprotobyname
    getservbyname getservbyport htonl htons if_indextoname if_nameindex if_nametoindex inet_aton inet_ntoa inet_ntop
    inet_pton ntohl ntohs
""".split()


def getaddrinfo(host, port, family=0, type=0, proto=0, flags=0):
    """Looks up a host and a service: a list of (family, type, protocol, canonical name, address)."""
    if host is not None:
        host = text_bytes(host)
    if isinstance(port, int):
        port = str(operator.index(port)).encode()
    elif isinstance(port, str):
        port = port.encode()
    elif port is not None and not isinstance(port, bytes):
        raise OSError("Int or String expected")
    with Resolution(host, port, integer(family), integer(type), integer(proto), integer(flags)) as resolution:
        name = resolution.canonical_name
        return [(*numbers, name, unpack(address)) for *numbers, address in resolution]


def getnameinfo(sockaddr, flags, /):
    """The names of an address in numbers (host, port[, flowinfo[, scopeid]]): host and service."""
    if not isinstance(sockaddr, tuple):
        raise TypeError("getnameinfo() argument 1 must be a tuple")
    if not 2 <= len(sockaddr) <= 4:
        raise TypeError("getnameinfo() argument 1 must have 2 to 4 values")
    host, port, flow, scope = (*sockaddr, 0, 0)[:4]
    if not isinstance(host, str):
        raise TypeError("getnameinfo() host must be str")
    if not 0 <= flow <= 0xFFFFF:
        raise OverflowError("getnameinfo(): flowinfo must be 0-1048575.")
    with Resolution(text_bytes(host), str(integer(port)).encode(), 0, c.SOCK_DGRAM, 0, c.AI_NUMERICHOST) as resolution:
        (family, _, _, address), *others = resolution
    if others:
        raise OSError("sockaddr resolved to multiple addresses")
    if family == c.AF_INET and len(sockaddr) != 2:
        raise OSError("IPv4 sockaddr must be 2 tuple")
    if family == c.AF_INET6:
        address = pack(family, (host, port, flow, scope), "getnameinfo")
    return _names_of(address, integer(flags))


def _names_of(address, flags):
    host, service = ctypes.create_string_buffer(HOST_NAME_MAX), ctypes.create_string_buffer(HOST_NAME_MAX)
    code = ctypes.c_int32()
    result = library.minato_resolve_address(
        ctypes.byref(address), flags, host, len(host), service, len(service), ctypes.byref(code)
    )
    if result < 0:
        raise resolver_failure(result, code.value)
    return host.value.decode(), service.value.decode()


def gethostbyname(host, /):
    """The first IPv4 address of a host, in numbers."""
    return numeric_host(pack(c.AF_INET, (host, 0), "gethostbyname"))


def gethostbyname_ex(host, /):
    """A host by name: (name, aliases, IPv4 addresses in numbers)."""
    return _host_entry(library.minato_host_entry_find, text_bytes(host), c.AF_INET)


def gethostbyaddr(host, /):
    """A host by its address, or that of the name: (name, aliases, addresses in numbers)."""
    with Resolution(text_bytes(host), None, 0, c.SOCK_DGRAM) as resolution:
        address = next(iter(resolution))[-1]
    return _host_entry(library.minato_host_entry_find_address, ctypes.byref(address))


_HERROR = {c.EAI_NONAME: 1, c.EAI_AGAIN: 2, c.EAI_FAIL: 3, c.EAI_NODATA: 4}


def _host_entry(find, *arguments):
    entry, code = ctypes.c_void_p(), ctypes.c_int32()
    result = find(*arguments, ctypes.byref(entry), ctypes.byref(code))
    if result < 0:
        failure = resolver_failure(result, code.value)
        raise failure if code.value == 0 else herror(_HERROR.get(code.value, 1), failure.strerror)
    try:
        aliases = _all(lambda index: library.minato_host_entry_alias(entry, index))
        addresses = _all(lambda index: _entry_address(entry, index))
        return library.minato_host_entry_name(entry).decode(), [alias.decode() for alias in aliases], addresses
    finally:
        library.minato_host_entry_free(entry)


def _entry_address(entry, index):
    address = Address()
    result = library.minato_host_entry_address(entry, index, ctypes.byref(address))
    return numeric_host(address) if result == 0 else None


def _all(get):
    """What `get` gives for 0, 1 ... up to the first None."""
    return list(iter(map(get, itertools.count()).__next__, None))


def gethostname():
    name = ctypes.create_string_buffer(HOST_NAME_MAX)
    check(library.minato_host_name(name, len(name)))
    return os.fsdecode(name.value)


def getservbyname(name, protocol=None, /):
    port = library.minato_service_port(_c_text(name), None if protocol is None else _c_text(protocol))
    if port < 0:
        raise OSError("service/proto not found")
    return port


def getservbyport(port, protocol=None, /):
    port = integer(port)
    if not 0 <= port <= 0xFFFF:
        raise OverflowError("getservbyport: port must be 0-65535.")
    name = ctypes.create_string_buffer(256)
    protocol = None if protocol is None else _c_text(protocol)
    if library.minato_service_name(port, protocol, name, len(name)) < 0:
        raise OSError("port/proto not found")
    return name.value.decode()


def getprotobyname(name, /):
    number = library.minato_protocol_number(_c_text(name))
    if number < 0:
        raise OSError("protocol not found")
    return number


def if_nameindex():
    """The interfaces as (index, name)."""
    count = 16
    while True:
        indexes = (ctypes.c_uint32 * count)()
        found = check(library.minato_interface_list(indexes, count))
        if found <= count:
            return [(index, interface_name(index)) for index in indexes[:found]]
        count = found


def if_nametoindex(name, /):
    index = library.minato_interface_index(os.fsencode(name))
    if index < 0:
        raise OSError("no interface with this name")
    return index


def if_indextoname(index, /):
    if not 0 <= operator.index(index) < 2**32:
        raise OverflowError("interface index out of range")
    name = interface_name(index)
    if not name:
        raise OSError("no interface with this index")
    return name


def _c_text(text):
    if not isinstance(text, str):
        raise TypeError(f"str expected, not {type(text).__name__}")
    encoded = text.encode()
    if b"\0" in encoded:
        raise ValueError("embedded null character")
    return encoded


def inet_pton(family, text, /):
    """The octets of an address as text; only the usual forms."""
    encoded = _c_text(text)
    address, valid = Address(), b"%" not in encoded and b"]" not in encoded
    if family == c.AF_INET:
        encoded += b":0"
    elif family == c.AF_INET6:
        encoded = b"[" + encoded + b"]:0"
    else:
        raise OSError("unknown address family")
    if not valid or library.minato_address_parse(ctypes.byref(address), encoded, len(encoded)) < 0:
        raise OSError("illegal IP address string passed to inet_pton")
    if library.minato_address_family(ctypes.byref(address)) != family:
        raise OSError("illegal IP address string passed to inet_pton")
    return octets_of(address)


def inet_ntop(family, octets, /):
    octets = bytes(memoryview(octets))
    if family not in (c.AF_INET, c.AF_INET6):
        raise ValueError(f"unknown address family {family}")
    if len(octets) != (4 if family == c.AF_INET else 16):
        raise ValueError("invalid length of packed IP address string")
    address = Address()
    if family == c.AF_INET:
        library.minato_address_set_ipv4(ctypes.byref(address), octets, 0)
    else:
        library.minato_address_set_ipv6(ctypes.byref(address), octets, 0, 0, 0)
    return numeric_host(address)


def inet_aton(text, /):
    """The octets of an IPv4 address in any of the forms of inet_aton(3): `127.1`, `0x7f.1`, `017700000001`."""
    try:
        with Resolution(_c_text(text) or b"?", None, c.AF_INET, c.SOCK_DGRAM, 0, c.AI_NUMERICHOST) as resolution:
            return octets_of(next(iter(resolution))[-1])
    except gaierror:
        raise OSError("illegal IP address string passed to inet_aton") from None


def inet_ntoa(octets, /):
    octets = bytes(memoryview(octets))
    if len(octets) != 4:
        raise OSError("packed IP wrong length")
    return inet_ntop(c.AF_INET, octets)


def _swapper(verb, size):
    def swap(number, /):
        number = operator.index(number)
        if not 0 <= number < 1 << 8 * size:
            raise OverflowError(f"{verb}: Python int out of range")
        return int.from_bytes(number.to_bytes(size, "big"), sys.byteorder)

    swap.__name__ = swap.__qualname__ = verb
    return swap


htons, ntohs, htonl, ntohl = (_swapper(*row) for row in (("htons", 2), ("ntohs", 2), ("htonl", 4), ("ntohl", 4)))
