"""The numbers of the kernel and of libc, as Python's own modules know them: AF_INET, SO_REUSEADDR, POLLIN ...

SPDX-License-Identifier: Apache-2.0
"""

import _socket
import select


def _numbers(module):
    return {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, (int, str)) and (name.isupper() or name.startswith("AF_"))
    }


SOCKET = _numbers(_socket)
SELECT = _numbers(select)
# With it `import ssl` works while `_socket` is the module of this package, but it wraps sockets of Python's own only.
CAPI = _socket.CAPI

globals().update(SOCKET)
