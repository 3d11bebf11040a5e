"""Arguments of Python as arguments of C: numbers within their range, time limits, and memory.

SPDX-License-Identifier: Apache-2.0
"""

import ctypes
import math
import operator

from .library import NO_DEADLINE, NO_WAIT, library


def integer(value):
    """A number for an int of C; ctypes itself would cut it."""
    number = operator.index(value)
    if not -(2**31) <= number < 2**31:
        raise OverflowError("Python int too large to convert to C int")
    return number


def nanoseconds(seconds):
    """A time limit in seconds as nanoseconds, rounded up; None stays None."""
    if seconds is None:
        return None
    if isinstance(seconds, float):
        if math.isnan(seconds):
            raise ValueError("Invalid value NaN (not a number)")
        # Both parts of a float are exact; the product of a float would not be.
        whole = math.floor(seconds) if math.isfinite(seconds) else 2**63
        value = whole * 10**9 + (math.ceil((seconds - whole) * 1e9) if math.isfinite(seconds) else 0)
    else:
        value = operator.index(seconds) * 10**9
    if value >= 2**63 or value < -(2**63):
        raise OverflowError("timestamp too large to convert to C _PyTime_t")
    return value


def deadline(limit):
    """The deadline that lies so many nanoseconds from now: None waits for ever, 0 and less not at all."""
    if limit is None:
        return NO_DEADLINE
    return library.minato_clock_deadline(limit) if limit > 0 else NO_WAIT


def descriptor_of(fileobj):
    """The descriptor of a number or of an object with `fileno`."""
    if isinstance(fileobj, int):
        number = fileobj
    else:
        try:
            number = fileobj.fileno()
        except AttributeError:
            raise TypeError("argument must be an int, or have a fileno() method.") from None
        if not isinstance(number, int):
            raise TypeError("fileno() returned a non-integer")
    if number < 0:
        raise ValueError(f"file descriptor cannot be a negative integer ({number})")
    return integer(number)


class _Py_buffer(ctypes.Structure):
    """Py_buffer of the C API of Python."""

    _fields_ = [
        ("buf", ctypes.c_void_p),
        ("obj", ctypes.c_void_p),
        ("len", ctypes.c_ssize_t),
        ("itemsize", ctypes.c_ssize_t),
        ("readonly", ctypes.c_int),
        ("ndim", ctypes.c_int),
        ("format", ctypes.c_char_p),
        ("shape", ctypes.c_void_p),
        ("strides", ctypes.c_void_p),
        ("suboffsets", ctypes.c_void_p),
        ("internal", ctypes.c_void_p),
    ]


_get_buffer = ctypes.pythonapi.PyObject_GetBuffer
_get_buffer.argtypes = [ctypes.py_object, ctypes.POINTER(_Py_buffer), ctypes.c_int]
_release_buffer = ctypes.pythonapi.PyBuffer_Release
_release_buffer.argtypes = [ctypes.POINTER(_Py_buffer)]
_release_buffer.restype = None


class Memory:
    """The memory of a bytes-like object, without a copy, held in place until `release` (or the end of `with`)."""

    def __init__(self, source, writable=False):
        self._buffer = _Py_buffer()
        try:
            _get_buffer(source, self._buffer, 1 if writable else 0)
        except BufferError as failure:
            if writable:
                kind = type(source).__name__
                raise TypeError(f"a read-write bytes-like object is required, not '{kind}'") from None
            raise failure
        self.address = self._buffer.buf
        self.length = self._buffer.len

    def release(self):
        _release_buffer(self._buffer)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.release()
