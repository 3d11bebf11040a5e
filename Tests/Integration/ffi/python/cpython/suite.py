"""Runs one test module of CPython on one face and writes what became of each test, one line of JSON each.

    suite.py python|minato test_socket RESULTS [TEST...]

SPDX-License-Identifier: Apache-2.0
"""

import json
import pathlib
import sys
import unittest

# It imports much that keeps Python's own module of sockets, such as asyncio; that is not what is tested.
import unittest.mock  # noqa: F401

# A class or a method, and why it is run on neither face.
NOT_RUN = {
    "ThreadedVSOCKSocketStreamTest": "waits for ever, on Python's own module too, where /dev/vsock leads nowhere",
    "test_idna": "asks a name server on the Internet",
}


def is_run(case):
    return type(case).__name__ not in NOT_RUN and case.id().rpartition(".")[2] not in NOT_RUN


class Recorder(unittest.TextTestResult):
    """Writes the outcome of each test as soon as it is known."""

    def __init__(self, file, *arguments):
        super().__init__(*arguments)
        self._file = file
        self._failed = set()

    def _record(self, test, outcome, reason=""):
        print(json.dumps([test.id(), outcome, reason]), file=self._file, flush=True)

    def startTest(self, test):
        super().startTest(test)
        self._record(test, "began")

    def addSuccess(self, test):
        super().addSuccess(test)
        if test.id() not in self._failed:
            self._record(test, "passed")

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._record(test, "skipped", reason)

    def addFailure(self, test, failure):
        super().addFailure(test, failure)
        self._record(test, "failed", str(failure[1]))

    def addError(self, test, failure):
        super().addError(test, failure)
        self._record(test, "failed", repr(failure[1]))

    def addSubTest(self, test, subtest, failure):
        super().addSubTest(test, subtest, failure)
        if failure is not None:
            self._failed.add(test.id())
            self._record(test, "failed", repr(failure[1]))

    def addExpectedFailure(self, test, failure):
        super().addExpectedFailure(test, failure)
        self._record(test, "passed")

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self._record(test, "failed", "unexpected success")


def cases(suite):
    for part in suite:
        if isinstance(part, unittest.TestSuite):
            yield from cases(part)
        else:
            yield part


def main(face, module, results, *names):
    if face == "minato":
        sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
        import minato

        minato.install()
    from test import support

    # Sockets of this machine; no tests that take much of it.
    support.use_resources = ["network"]
    support.verbose = 0
    tests = unittest.defaultTestLoader.loadTestsFromNames([f"test.{name}" for name in names or [module]])
    chosen = unittest.TestSuite(filter(is_run, cases(tests)))
    with open(results, "w", encoding="utf-8") as file:
        runner = unittest.TextTestRunner(verbosity=2, resultclass=lambda *rest: Recorder(file, *rest))
        runner.run(chosen)


if __name__ == "__main__":
    main(*sys.argv[1:])
