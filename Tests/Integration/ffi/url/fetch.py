#!/usr/bin/env python3
"""Usage: Tests/Integration/ffi/url/fetch.py LIBRARY URL [USER PASSWORD]

Fetches 300 bytes of a URL by libminatourl, loaded by its path, and prints status, content type and bytes. Ctrl-C ends the
fetch, which runs in a thread so that Python can receive it.
"""
import concurrent.futures
import ctypes
import signal
import sys


class Library:
    """The functions that are used here, with texts in place of pointers and sizes."""

    def __init__(self, path):
        self.c = ctypes.CDLL(path)
        for name in ("read", "header", "error_text"):
            getattr(self.c, f"minato_url_{name}").restype = ctypes.c_int64
        self.c.minato_url_error_name.restype = ctypes.c_char_p

    def call(self, name, *arguments):
        """Calls a function; a text becomes a pointer and a size."""
        values = []
        for argument in arguments:
            if isinstance(argument, str):
                argument = argument.encode()
            if isinstance(argument, bytes):
                values += [argument, ctypes.c_size_t(len(argument))]
            elif argument is None:
                values += [None, ctypes.c_size_t(0)]
            else:
                values.append(argument)
        return getattr(self.c, "minato_url_" + name)(*values)


class URL:
    """A `minato_url`, its failures as exceptions."""

    def __init__(self, library):
        self.library, self.handle = library, ctypes.c_void_p()
        self.opener = ctypes.c_void_p()
        library.call("opener_create", ctypes.byref(self.opener))
        library.call("create", self.opener, ctypes.byref(self.handle))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.library.call("close", self.handle)
        self.library.call("opener_close", self.opener)

    def check(self, result):
        if result >= 0:
            return result
        text = ctypes.create_string_buffer(500)
        self.library.call("error_text", self.handle, text, ctypes.c_size_t(500))
        raise OSError(f"{self.library.c.minato_url_error_name(result).decode()} {text.value.decode()}")

    def open(self, text):
        self.check(self.library.call("open", self.handle, text))

    def read(self, count):
        buffer = ctypes.create_string_buffer(count)
        result = self.check(self.library.call("read", self.handle, buffer, ctypes.c_size_t(count)))
        return buffer.raw[:result]

    def header(self, name):
        buffer = ctypes.create_string_buffer(500)
        self.check(self.library.call("header", self.handle, name, buffer, ctypes.c_size_t(500)))
        return buffer.value.decode()


def fetch(url, text):
    url.open(text)
    return url.library.call("status", url.handle), url.header("content-type"), url.read(300)


def main(arguments):
    if len(arguments) not in (2, 4):
        print(__doc__, end="")
        return 64
    with URL(Library(arguments[0])) as url, concurrent.futures.ThreadPoolExecutor(1) as thread:
        signal.signal(signal.SIGINT, lambda *_: url.library.call("cancel", url.handle))
        try:
            if len(arguments) == 4:
                url.check(url.library.call("opener_add_credentials", url.opener, arguments[1], None, *arguments[2:]))
            print("ready", flush=True)
            print(*thread.submit(fetch, url, arguments[1]).result())
        except OSError as error:
            print(error)
            return 1
    return 0


sys.exit(main(sys.argv[1:]))
