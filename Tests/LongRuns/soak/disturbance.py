"""What happens to the programs while they run: connections are killed, peers are stopped. A thread."""
import random
import re
import subprocess
import threading


class Disturbance:
    """Kills connections to the ports, and stops and continues a program."""

    def __init__(self, ports, stopped, seed, kills):
        self.random = random.Random(seed)
        self.ports, self.stopped = ports, stopped
        self.killed = self.stops = 0
        self.kills = kills
        self._over = threading.Event()
        self._thread = None

    def begin(self):
        self._over.clear()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def pause(self):
        self._over.set()
        self._thread.join()

    def _run(self):
        while not self._over.wait(self.random.uniform(0.1, 0.5)):
            if self.kills:
                self.kill_one()
            if self.random.random() < 0.2:
                self.stopped.stop()
                self.stops += 1
                self._over.wait(self.random.uniform(0.5, 3))
                self.stopped.go_on()

    def kill_one(self):
        """True when there was a connection, and it is no more."""
        port = self.random.choice(self.ports)
        listed = subprocess.run(
            ["ss", "-tnH", "state", "established", f"( sport = :{port} )"], capture_output=True, text=True).stdout
        peers = re.findall(r"\S+:(\d+)\s*$", listed, re.M)
        if not peers:
            return False
        done = subprocess.run(
            ["ss", "-KtnH", f"( sport = :{port} and dport = :{self.random.choice(peers)} )"],
            capture_output=True, text=True)
        killed = done.returncode == 0 and bool(done.stdout.strip())
        self.killed += killed
        return killed
