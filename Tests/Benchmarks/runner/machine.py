"""The cores that everything runs on, and what the machine is."""
import os
import platform
import re
import subprocess

_cores = sorted(os.sched_getaffinity(0))

# The server and the load never share a core.
SERVER_CORES = {_cores[0]}
LOAD_CORES = {_cores[-1]}
ALL_CORES = set(_cores)


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
