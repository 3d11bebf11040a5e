"""Python's socket, select and selectors over libminato, by ctypes.

The proof that the C layer carries a whole socket module of another language: every system call on a socket is made by
libminato. The modules have the names and the behaviour of Python's own:

    from minato import socket, select, selectors

`install` puts them in the place of Python's own, for the modules that are imported from then on (`socketserver`,
`http.client`, `urllib.request`).

What is shared with Python's own modules: the numbers of the constants (`constants`), the interface of selectors
(`BaseSelector`, `SelectorKey`, `EVENT_READ`, `EVENT_WRITE`), and the type of time-outs (`TimeoutError`). No function.

What differs, since the C layer waits with poll(2) under a deadline of its own and leaves the descriptor as it is:

- A socket without a time-out waits although its open file was made non-blocking behind its back, and does not know
  SO_RCVTIMEO and SO_SNDTIMEO.
- `select` takes any number of descriptors of any size.
- `ssl` wraps sockets of Python's own module only.
- `sethostname` is missing: an administrator's act, for which the C layer has no function.
- `AF_BLUETOOTH` and `AF_SYSTEM` addresses are not known.

SPDX-License-Identifier: Apache-2.0
"""

import sys

__all__ = ["install"]


def install():
    """Makes `import socket`, `select`, `selectors` and `_socket` mean the modules of this package from now on.

    Modules that were imported before keep what they have; `socketserver` is forgotten, so that it is imported anew.
    """
    from . import plain, select, selectors, socket

    sys.modules.update(socket=socket, select=select, selectors=selectors, _socket=plain)
    sys.modules.pop("socketserver", None)
