"""No core dump of a process that holds credentials."""

from __future__ import annotations

import resource
import sys
from contextlib import suppress

_PR_SET_DUMPABLE = 4
"""Linux, prctl(2)."""


def forbid_core_dumps() -> None:
    """From now on a crash writes no memory to disk; on Linux no debugger of the user reads it."""
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    if sys.platform == "linux":
        # The limit is not heeded where dumps are piped to a program, such as systemd-coredump.
        with suppress(ImportError, OSError, AttributeError):
            import ctypes  # noqa: PLC0415  not in every Python

            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
