"""Text from outside, made safe for a terminal."""

from __future__ import annotations

import re

# No part runs over a control character: what is malformed loses its beginning, and stays as text.
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor, screen
    r"|(?:\x1b[]PX^_]|[\x90\x98\x9d-\x9f])[^\x00-\x1f\x7f-\x9f]*(?:\x07|\x1b\\|\x9c)"  # OSC…
    r"|\x1b[ -/]*[0-~]"  # the others
)
"""A command to a terminal (ECMA-48, 5.3 to 5.6), from its escape to its last character."""


def printable(text: str) -> str:
    """The text in one line: without commands to a terminal, and with spaces in place of other
    control, format and unassigned characters.

    Format characters turn a line's direction round, or hide a part of it.
    """
    if text.isprintable():
        return text.strip()
    text = _SEQUENCE.sub("", text)
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())
