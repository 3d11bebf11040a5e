"""Carries packets between two TUN devices, and loses, doubles, delays and reorders some: NEAR FAR SEED.

The device with the address NEAR is in the namespace in which this is started, the other one in a new one, in which this
program is from then on. Prints `ready`; ends when its standard input does, and prints what it has done.
"""
import fcntl
import heapq
import os
import random
import select
import struct
import subprocess
import sys
import time

from network import unshare

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000
LOSS, DOUBLE, LATE = 0.01, 0.002, 0.02


def device(name, own, other):
    """A TUN device in the namespace of the caller, where it stays."""
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    for words in (["addr", "add", own, "peer", other, "dev", name], ["link", "set", name, "mtu", "1500", "up"]):
        subprocess.run(["ip", *words], check=True)
    return descriptor


class Relay:
    def __init__(self, ends, seed):
        self.other = {ends[0]: ends[1], ends[1]: ends[0]}
        self.random = random.Random(seed)
        self.waiting = []
        self.counts = dict(carried=0, lost=0, doubled=0, reordered=0)
        self.number = 0

    def take(self, end):
        try:
            packet = os.read(end, 65_536)
        except BlockingIOError:
            return
        chance = self.random.random()
        if chance < LOSS:
            self.counts["lost"] += 1
            return
        if chance < LOSS + DOUBLE:
            self.counts["doubled"] += 1
            self.put(self.other[end], packet, 0.002)
        late = self.random.random() < LATE
        self.counts["reordered"] += late
        # So long that those behind it overtake it.
        self.put(self.other[end], packet, self.random.uniform(0.002, 0.02) if late else 0.0005)

    def put(self, end, packet, delay):
        self.number += 1
        heapq.heappush(self.waiting, (time.monotonic() + delay, self.number, end, packet))

    def give(self):
        while self.waiting and self.waiting[0][0] <= time.monotonic():
            _, _, end, packet = heapq.heappop(self.waiting)
            try:
                os.write(end, packet)
                self.counts["carried"] += 1
            except BlockingIOError:
                self.counts["lost"] += 1

    def run(self):
        while True:
            limit = max(0.0, self.waiting[0][0] - time.monotonic()) if self.waiting else None
            ready = select.select([sys.stdin, *self.other], [], [], limit)[0]
            if sys.stdin in ready:
                return
            for end in ready:
                self.take(end)
            self.give()


def main():
    near, far, seed = sys.argv[1:]
    try:
        first = device("soak0", near, far)
        unshare()
        second = device("soak1", far, near)
    except (OSError, subprocess.CalledProcessError) as error:
        print(error, flush=True)
        return
    print("ready", flush=True)
    relay = Relay((first, second), seed)
    relay.run()
    print(" ".join(f"{name} {count}" for name, count in relay.counts.items()), flush=True)


if __name__ == "__main__":
    main()
