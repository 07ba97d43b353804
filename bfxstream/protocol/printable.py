"""Text from outside, made safe for a terminal."""

from __future__ import annotations


def printable(text: str) -> str:
    """The text in one line, spaces in place of control, format and unassigned characters.

    Format characters turn a line's direction round, or hide a part of it.
    """
    if text.isprintable():
        return text.strip()
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())
