"""The comparison of CPython's tests on both faces fails when it should.

SPDX-License-Identifier: Apache-2.0
"""

import contextlib
import io
import sys
import unittest

from .fixture import FOLDER

sys.path.insert(0, str(FOLDER / "cpython"))
import compare  # noqa: E402

# Python's own, ours, what is listed; whether that is as it shall be.
ROWS = (
    ("passed", "passed", None, True),
    ("skipped", "skipped", None, True),
    ("passed", "failed", None, False),
    ("passed", "skipped", None, False),
    ("passed", "missing", None, False),
    ("failed", "passed", None, False),
    ("began", "passed", None, False),
    ("began", "began", None, False),
    ("passed", "failed", ("passed", "failed"), True),
    ("passed", "passed", ("passed", "failed"), False),
    ("passed", "skipped", ("passed", "failed"), False),
    ("missing", "missing", ("passed", "failed"), False),
    ("skipped", "skipped", ("passed", "failed"), True),
)


class Comparison(unittest.TestCase):
    def test_rows(self):
        for python, minato, known, is_right in ROWS:
            with self.subTest(python=python, minato=minato, known=known):
                faces = [{"good": ("passed", "")} for _ in range(2)]
                for face, outcome in zip(faces, (python, minato)):
                    if outcome != "missing":
                        face["test"] = outcome, "reason"
                with contextlib.redirect_stdout(io.StringIO()) as output:
                    status = compare.report(*faces, {"test": known} if known else {})
                self.assertEqual(status, 0 if is_right else 1)
                self.assertRegex(output.getvalue(), rf"\n?[12] passed, {0 if is_right else 1} failed\n$")

    def test_every_listed_difference_has_a_reason(self):
        self.assertTrue(all(outcomes[0] != outcomes[1] for outcomes in compare.listed().values()))
