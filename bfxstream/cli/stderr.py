"""What a person reads beside the data: one line on standard error for each thing said."""

from __future__ import annotations

import contextlib
import sys
from typing import TextIO

from bfxstream.protocol.printable import printable


def say(text: str, who: str = "bfxstream") -> None:
    """One line on standard error; where that is closed there is nobody to tell."""
    line = f"{who}: {printable(text)}" if who else printable(text)
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


def is_terminal(stream: TextIO | None) -> bool:
    """Whether somebody looks at what is written there; it may be closed."""
    return stream is not None and stream.isatty()
