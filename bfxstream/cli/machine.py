"""How this machine is: its libraries, terminal, folders and key files; nothing of the network."""

from __future__ import annotations

import os
import platform
import ssl
import tempfile
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TextIO

from bfxstream import __version__
from bfxstream.errors import BfxStreamError
from bfxstream.stream.checkup import Finding

_LIBRARIES = ("click", "msgspec", "rich", "websocket-client", "websockets")
_OPTIONAL = ("python-socks", "zstandard")
_SMALLEST = (80, 24)
"""Columns and rows for which the tables are made."""


def check_versions() -> Finding:
    """What this program is made of."""
    made_of = [
        f"bfxstream {__version__}",
        f"Python {platform.python_version()}",
        ssl.OPENSSL_VERSION.partition("  ")[0],
    ]
    missing = []
    for name in (*_LIBRARIES, *_OPTIONAL):
        try:
            made_of.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            if name in _LIBRARIES:
                missing.append(name)
    if missing:
        raise BfxStreamError(
            f"not installed: {', '.join(missing)}", hint="install bfxstream again, with pip"
        )
    return Finding(", ".join(made_of))


def terminal_of(streams: Sequence[TextIO | None]) -> TextIO | None:
    """The first of these that is a terminal."""
    return next((each for each in streams if each is not None and each.isatty()), None)


def check_terminal(terminal: TextIO) -> Finding:
    """Its size, colours and characters, and what a table lacks there."""
    from rich.console import Console  # noqa: PLC0415  costs 90 ms

    from bfxstream.output.table.screen import has_color, has_cursor_control  # noqa: PLC0415

    console = Console(file=terminal)
    width, height = console.size
    colors = f"{console.color_system} colours" if has_color(console) else "no colour"
    encoding = console.encoding.upper()
    found = f"{width}x{height}, TERM={os.environ.get('TERM', '')}, {colors}, {encoding}"
    if not has_cursor_control(console):
        return Finding(found, "warning", "tables are plain lines here; set TERM if it can do more")
    if width < _SMALLEST[0] or height < _SMALLEST[1]:
        return Finding(found, "warning", "tables leave columns and rows out below 80x24")
    if not encoding.startswith("UTF"):
        return Finding(found, "warning", "tables are drawn in ASCII; set LC_ALL=C.UTF-8")
    return Finding(found)


def check_folder(folder: Path, kept: str) -> Finding:
    """Whether files can be kept there, by writing one; `kept` says which."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder):
            pass
        for file in folder.glob("nonce-*"):
            file.open("r+b").close()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return Finding(
            f"{folder} cannot be written ({reason}): {kept} is not kept",
            "warning",
            "mend its permissions, or name another folder with XDG_STATE_HOME or XDG_CACHE_HOME",
        )
    return Finding(f"{folder} can be written")


def check_key_files(warnings: Sequence[str]) -> Finding:
    """What reading the key's files has given cause to warn of."""
    if warnings:
        return Finding("; ".join(warnings), "warning", "chmod 600 what holds a key")
    return Finding("no other user can read them")
