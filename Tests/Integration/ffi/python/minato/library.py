"""libminato: its structs and functions, as the headers declare them.

The library is the file that the environment variable MINATO_LIBRARY names, else `libminato.so.0`.

SPDX-License-Identifier: Apache-2.0
"""

import ctypes
import os

NO_DEADLINE = 0x7FFFFFFFFFFFFFFF
NO_WAIT = 0

READABLE, WRITABLE, PRIORITY, READ_CLOSED, HANGUP, ERROR, INVALID = (1 << bit for bit in range(7))
EDGE_TRIGGERED, ONE_SHOT, EXCLUSIVE = (1 << bit for bit in range(8, 11))
POLLER_EPOLL = 1

UNIX_MAX = 107
UNIX_UNNAMED, UNIX_PATH, UNIX_ABSTRACT = range(3)
HOST_NAME_MAX = 1025
SERVICE_NAME_MAX = 32


class Address(ctypes.Structure):
    """minato_address"""

    _fields_ = [("opaque", ctypes.c_uint64 * 17)]


class SocketInfo(ctypes.Structure):
    """minato_socket_info"""

    _fields_ = [(name, ctypes.c_int32) for name in ("family", "type", "protocol", "listening")]


class Buffer(ctypes.Structure):
    """minato_buffer"""

    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


class Control(ctypes.Structure):
    """minato_control"""

    _fields_ = [("bytes", ctypes.c_void_p), ("capacity", ctypes.c_size_t), ("length", ctypes.c_size_t)]


class ControlItem(ctypes.Structure):
    """minato_control_item"""

    _fields_ = [
        ("level", ctypes.c_int32),
        ("type", ctypes.c_int32),
        ("data", ctypes.c_void_p),
        ("length", ctypes.c_size_t),
        ("truncated", ctypes.c_int32),
    ]


class PollEntry(ctypes.Structure):
    """minato_poll_entry"""

    _fields_ = [("descriptor", ctypes.c_int32), ("interest", ctypes.c_uint32), ("ready", ctypes.c_uint32)]


class SelectSet(ctypes.Structure):
    """minato_select_set"""

    _fields_ = [("descriptors", ctypes.c_void_p), ("ready", ctypes.c_void_p), ("count", ctypes.c_size_t)]


class Event(ctypes.Structure):
    """minato_event"""

    _fields_ = [
        ("registration", ctypes.c_uint64),
        ("data", ctypes.c_uint64),
        ("ready", ctypes.c_uint32),
        ("descriptor", ctypes.c_int32),
    ]


_TYPES = {
    "v": None,
    "b": ctypes.c_bool,
    "i": ctypes.c_int32,
    "u": ctypes.c_uint32,
    "h": ctypes.c_uint16,
    "q": ctypes.c_int64,
    "Q": ctypes.c_uint64,
    "z": ctypes.c_size_t,
    "p": ctypes.c_void_p,
    "s": ctypes.c_char_p,
}

# Function, result, arguments: a letter of _TYPES each.
_FUNCTIONS = """
minato_version_text s

minato_clock_now q
minato_clock_deadline q q
minato_clock_remaining q q

minato_error_message i ipz
minato_error_resolver_message s i

minato_address_set_ipv4 v pph
minato_address_set_ipv6 v pphuu
minato_address_set_unix_path i psz
minato_address_set_unix_abstract i psz
minato_address_set_unix_unnamed v p
minato_address_set_raw i psz
minato_address_parse i psz
minato_address_format i ppz
minato_address_family i p
minato_address_port i p
minato_address_octets i pp
minato_address_scope_id u p
minato_address_flow_info u p
minato_address_unix_kind i p
minato_address_unix_name i ppz
minato_address_bytes p pp

minato_socket_open i iii
minato_socket_pair i iiip
minato_socket_inspect i ip
minato_socket_close i i
minato_socket_duplicate i i
minato_socket_bind i ip
minato_socket_listen i ii
minato_socket_accept i iiqp
minato_socket_connect i ipq
minato_socket_start_connect i ip
minato_socket_send q ipziq
minato_socket_send_all i ipziqp
minato_socket_send_to q ipzipq
minato_socket_receive q ipziq
minato_socket_receive_from q ipzipq
minato_socket_send_file i iiqQqp
minato_socket_shutdown i ii
minato_socket_local_address i ip
minato_socket_peer_address i ip
minato_socket_set_blocking i ib
minato_socket_set_inheritable i ib
minato_socket_is_inheritable i i

minato_option_set_integer i iiii
minato_option_get_integer i iiip
minato_option_set_bytes i iiipz
minato_option_get_bytes i iiipz

minato_control_space q z
minato_control_length q z
minato_control_append i piisz
minato_control_next i ppp
minato_message_send q ipzppiq
minato_message_receive q ipzppipq

minato_resolve i szsziiiipp
minato_resolution_count z p
minato_resolution_get i pzpppp
minato_resolution_canonical_name s p
minato_resolution_free v p
minato_resolve_address i pipzpzp
minato_service_port i ss
minato_service_name i hspz
minato_protocol_number i s
minato_interface_index i s
minato_interface_name i upz
minato_interface_list i pz
minato_host_name i pz
minato_host_entry_find i sipp
minato_host_entry_find_address i ppp
minato_host_entry_name s p
minato_host_entry_alias s pz
minato_host_entry_address i pzp
minato_host_entry_free v p

minato_poll i pzq
minato_select i pppq
minato_poller_open i ip
minato_poller_close v p
minato_poller_descriptor i p
minato_poller_add i piuQp
minato_poller_modify i pQuQ
minato_poller_remove i pQ
minato_poller_wait i ppzq
"""

# Every call lets other threads run: ctypes gives the interpreter's lock away for a CDLL.
library = ctypes.CDLL(os.environ.get("MINATO_LIBRARY") or "libminato.so.0")

for _line in filter(None, _FUNCTIONS.splitlines()):
    _name, _result, *_arguments = _line.split()
    _function = getattr(library, _name)
    _function.restype = _TYPES[_result]
    _function.argtypes = [_TYPES[letter] for letter in "".join(_arguments)]
