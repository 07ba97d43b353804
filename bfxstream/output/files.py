"""Files that are written as a whole: a reader finds the old one or the new one, never a part."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from bfxstream.errors import BfxStreamError, UsageError


def check_writable(path: Path) -> None:
    """Raises UsageError for a file that cannot be written, as far as that can be known now."""
    place = Path(os.path.realpath(path))
    if place.is_dir():
        raise UsageError(f"cannot write {path}: it is a directory", hint="name a file")
    if _is_special(place):
        if not os.access(place, os.W_OK):
            raise UsageError(f"cannot write {path}: permission denied")
    elif not place.parent.is_dir():
        raise UsageError(f"cannot write {path}: there is no directory {place.parent}")
    elif not os.access(place.parent, os.W_OK | os.X_OK):
        raise UsageError(f"cannot write {path}: permission denied in {place.parent}")


def write_whole(path: Path, text: str) -> None:
    """Put the text into the file: beside it first, then in its place.

    It has the mode of the old file. A pipe or a device is written to as it is. Raises
    BfxStreamError where that fails; the file is then as it was.
    """
    place = Path(os.path.realpath(path))
    # Another process may write the same file at the same time.
    beside = place.with_name(f".{place.name}.{os.getpid()}.tmp")
    try:
        if _is_special(path):
            path.write_text(text, encoding="utf-8")
            return
        with beside.open("w", encoding="utf-8") as file:
            if place.exists():
                os.fchmod(file.fileno(), stat.S_IMODE(place.stat().st_mode))
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(place)
    except BaseException as error:
        with suppress(OSError):
            beside.unlink()
        if isinstance(error, OSError):
            raise BfxStreamError(f"cannot write {path}: {error.strerror or error}") from None
        raise


def _is_special(path: Path) -> bool:
    return path.exists() and not path.is_file()
