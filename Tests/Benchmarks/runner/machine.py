"""The cores that everything runs on, and what the machine is."""
import os
import platform
import re
import subprocess
import sys
import time

_cores = sorted(os.sched_getaffinity(0))

# The server and the load never share a core.
SERVER_CORES = {_cores[0]}
LOAD_CORES = {_cores[-1]}
ALL_CORES = set(_cores)


def warn_if_busy():
    """Says so when others keep the cores busy: then the figures stray, and the control's spread tells how far."""
    def ticks():
        # The first line counts ticks since the start; the fourth number of it those in which nothing ran.
        with open("/proc/stat") as file:
            counts = [int(word) for word in file.readline().split()[1:9]]
        return counts[3], sum(counts)

    idle_before, all_before = ticks()
    time.sleep(1)
    idle_after, all_after = ticks()
    busy = 1 - (idle_after - idle_before) / max(all_after - all_before, 1)
    if busy > 0.1:
        print(f"bench: the machine is {busy:.0%} busy with something else: the figures will stray", file=sys.stderr)


def description():
    """One line for the article."""
    text = open("/proc/cpuinfo").read()
    model = re.search(r"^model name\s*: (.*)$", text, re.M)
    kernel = ".".join(re.findall(r"\d+", platform.release())[:2])
    swift = subprocess.run(["swift", "--version"], capture_output=True, text=True).stdout
    version = re.search(r"Swift version ([\d.]+)", swift)
    return (
        f"{model[1] if model else platform.machine()}, {len(_cores)} cores, Linux {kernel}, "
        f"Swift {version[1] if version else 'unknown'}, Python {platform.python_version()}")
