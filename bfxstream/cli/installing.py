"""Files that a command writes into the user's home, for other programs to find."""

from __future__ import annotations

from pathlib import Path

from bfxstream.cli.stderr import say
from bfxstream.errors import BfxStreamError


def install(text: str, place: Path, *, printed_by: str, what_is_left: str) -> None:
    """Write the text to its place, and say where that is and what the user must see to.

    Raises BfxStreamError that names the command by which the text is printed instead.
    """
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BfxStreamError(
            f"cannot write {place}: {error.strerror or error}", hint=f"print it with: {printed_by}"
        ) from None
    say(f"wrote {place}; {what_is_left}")
