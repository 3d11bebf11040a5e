"""Tests of the package `minato`: `python3 -m unittest discover -t . -s tests` in the folder above.

SPDX-License-Identifier: Apache-2.0
"""

import faulthandler

# A test that hangs ends the run, and says where.
faulthandler.dump_traceback_later(120, exit=True)
