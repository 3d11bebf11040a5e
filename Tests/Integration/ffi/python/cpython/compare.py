"""Runs CPython's own tests of sockets on Python's module and on ours, and compares.

The tests are Debian's package libpython3.11-testsuite, run from where they lie. Prints how many passed, failed and
were skipped on each face. Every test whose outcomes differ is in `differences.txt` with the reason: exit status 1 when
one is not, when a listed one does not differ (any more), and when a test did not end. The last line: `N passed, N
failed`.

SPDX-License-Identifier: Apache-2.0
"""

import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile

MODULES = ("test_socket", "test_selectors", "test_socketserver")
FACES = ("python", "minato")
HERE = pathlib.Path(__file__).parent
TIME_LIMIT = 300.0  # seconds, for one module


def run(face, module, folder):
    """What became of each test of a module: {test: (outcome, reason)}."""
    results, log = folder / f"{face}.{module}", folder / f"{face}.{module}.log"
    command = [sys.executable, "-W", "ignore", HERE / "suite.py", face, module, results]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    with open(log, "wb") as output:
        try:
            status = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, timeout=TIME_LIMIT, cwd=folder,
                env=environment
            ).returncode
        except subprocess.TimeoutExpired:
            status = -1
    outcomes = {}
    if results.exists():
        for line in results.read_text("utf-8").splitlines():
            test, outcome, reason = json.loads(line)
            outcomes[test] = outcome, reason
    if status != 0 or not outcomes:
        print(f"{face} {module} did not end well (status {status}); the end of its output:")
        print(log.read_text("utf-8", "replace")[-2000:])
        outcomes[f"test.{module} ({face})"] = "began", ""
    return outcomes


def listed():
    """The differences that have a reason: {test: (outcome on Python's own, outcome on ours)}."""
    rows = {}
    for line in (HERE / "differences.txt").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            test, python, minato, reason = line.split(maxsplit=3)
            assert reason.strip(), line
            rows[test] = python, minato
    return rows


def main():
    outcomes = {face: {} for face in FACES}
    with tempfile.TemporaryDirectory() as folder:
        for module in MODULES:
            for face in FACES:
                found = run(face, module, pathlib.Path(folder))
                outcomes[face].update(found)
                counts = collections.Counter(outcome for outcome, _ in found.values())
                row = ", ".join(f"{counts[outcome]} {outcome}" for outcome in ("passed", "failed", "skipped"))
                print(f"{module + ',':18} {face + ':':7} {row}", flush=True)
    return report(outcomes["python"], outcomes["minato"], listed())


def report(python, minato, known):
    nothing, wrong, right = ("missing", ""), 0, 0
    for test in sorted(python.keys() | minato.keys() | known.keys()):
        pair = tuple(face.get(test, nothing)[0] for face in (python, minato))
        # What Python's own skips too is not judged: this machine lacks it.
        expected = None if pair[0] == "skipped" else known.get(test)
        if "began" in pair or (pair != expected if expected else pair[0] != pair[1]):
            wrong += 1
            reasons = " | ".join(face.get(test, nothing)[1] for face in (python, minato))
            print(f"{test}: {pair[0]} on Python's own, {pair[1]} on ours, {expected or 'the same'} expected: {reasons}")
        elif pair[1] == "passed":
            right += 1
    print(f"{len(known)} listed differences")
    print(f"{right} passed, {wrong} failed")
    return 1 if wrong or not right else 0


if __name__ == "__main__":
    sys.exit(main())
