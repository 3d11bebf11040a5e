"""A network of the run's own, where nobody else is, and a second one behind a bad link. Both need root."""
import ctypes
import os
import pathlib
import subprocess
import sys

CLONE_NEWNET = 0x40000000
NEAR, FAR = "10.213.0.1", "10.213.0.2"

_libc = ctypes.CDLL(None, use_errno=True)


def unshare():
    """Moves the caller, and what it starts from now on, to a network namespace of its own, which goes with the last of them."""
    if _libc.unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def isolate():
    """Moves the run there: the reason why not, or None."""
    if os.geteuid() != 0:
        return "not root"
    try:
        unshare()
    except (OSError, subprocess.CalledProcessError) as error:
        return f"no network namespace: {error}"
    return None


class Link:
    """The bad link: a relay between two TUN devices, one here and one in the namespace behind it."""

    def __init__(self, seed):
        relay = pathlib.Path(__file__).with_name("relay.py")
        self.process = subprocess.Popen(
            [sys.executable, relay, NEAR, FAR, str(seed)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.failure = None if line == "ready\n" else f"no TUN pair: {line.strip() or 'the relay ended'}"

    def words(self, words):
        """A command line that runs behind the link."""
        return ["nsenter", f"--net=/proc/{self.process.pid}/ns/net", "--", *words]

    def end(self):
        """What the relay did to the packets."""
        self.process.stdin.close()
        line = self.process.stdout.read().strip()
        self.process.wait(10)
        self.process.stdout.close()
        return line
