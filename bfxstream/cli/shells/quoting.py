"""Text as one word of a shell's language."""

from __future__ import annotations


def quoted(text: str) -> str:
    """Between single quotes, as bash and zsh read it."""
    return "'" + text.replace("'", "'\\''") + "'"


def quoted_for_fish(text: str) -> str:
    """Between single quotes, as fish reads it."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
