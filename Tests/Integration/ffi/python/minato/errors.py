"""Results of libminato as exceptions of Python.

SPDX-License-Identifier: Apache-2.0
"""

import ctypes
import errno

from .library import NO_DEADLINE, library

error = OSError
timeout = TimeoutError


class herror(OSError):
    """A failure to find a host, with a number of h_errno."""

    __module__ = "socket"


class gaierror(OSError):
    """A failure of `getaddrinfo` or `getnameinfo`, with a code EAI_..."""

    __module__ = "socket"


def failure(result):
    """The exception for a result `-errno`: the subclass of OSError that Python has for it."""
    text = ctypes.create_string_buffer(256)
    library.minato_error_message(result, text, len(text))
    return OSError(-result, text.value.decode())


def resolver_failure(result, code):
    """The exception for a failed look-up: of the system when there is no resolver code."""
    if code == 0:
        return failure(result)
    return gaierror(code, library.minato_error_resolver_message(code).decode())


def check(result):
    """The result, or its exception."""
    if result < 0:
        raise failure(result)
    return result


def resumed(function, *arguments):
    """Calls until the result is not -EINTR, and gives it unchecked.

    Between two calls the interpreter runs the handlers of the signals that came, and an exception of one of them, such
    as KeyboardInterrupt, ends the loop. A deadline among the arguments stays the same.
    """
    while True:
        result = function(*arguments)
        if result != -errno.EINTR:
            return result


def check_timed(result, deadline):
    """As `check`, for a call that had a deadline: `TimeoutError("timed out")` when that has come.

    The kernel has an ETIMEDOUT of its own, for a peer that does not answer.
    """
    if result == -errno.ETIMEDOUT and deadline != NO_DEADLINE and library.minato_clock_remaining(deadline) == 0:
        raise timeout("timed out")
    return check(result)
