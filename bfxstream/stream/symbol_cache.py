"""The list of symbols, asked for once a day and kept in the user's cache folder."""

from __future__ import annotations

import contextlib
import re
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import msgspec

from bfxstream.folders import user_folder
from bfxstream.protocol.decode import UNREADABLE
from bfxstream.protocol.symbol_list import CONF_KEYS, SymbolList, read_conf
from bfxstream.stream import policy
from bfxstream.stream.rest import RestClient

COMPLETION_FILE = "symbols.txt"
"""One symbol a line, for the shells' completions: read without starting Python."""


class Kept(NamedTuple):
    """A list from the cache."""

    symbols: SymbolList
    age: float
    """Seconds since it came from the exchange."""

    @property
    def fresh(self) -> bool:
        """Whether it need not be asked for again; one from the future tells nothing."""
        return 0 <= self.age < policy.SYMBOLS_FRESH_FOR


def ask_for_symbols(client: RestClient) -> SymbolList:
    """The exchange's list as it is now. Raises what RestClient raises."""
    return read_conf(client.conf(CONF_KEYS))


class SymbolCache:
    """One file for each REST base: no exchange's list takes another's place."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or user_folder("XDG_CACHE_HOME") / "bfxstream"

    def load(self, base: str) -> Kept | None:
        """What is kept for this base; None where nothing is, or nothing readable."""
        file = self._file(base)
        try:
            age = time.time() - file.stat().st_mtime
            return Kept(msgspec.json.decode(file.read_bytes(), type=SymbolList), age)
        except (OSError, *UNREADABLE):
            return None

    def store(self, base: str, symbols: SymbolList) -> None:
        """Keep the list, each file replaced at once. Raises OSError where it cannot be written."""
        _replace(self._file(base), msgspec.json.encode(symbols))
        self.complete_with(symbols, real=base == policy.PUBLIC_REST_URL)

    def complete_with(self, symbols: SymbolList, *, real: bool = False) -> None:
        """Let completions know this list, unless they have the `real` one. Raises OSError."""
        if real or not self._file(policy.PUBLIC_REST_URL).exists():
            _replace(self._folder / COMPLETION_FILE, "\n".join([*symbols.names, ""]).encode())

    def _file(self, base: str) -> Path:
        place = base.rpartition("://")[2].removesuffix("/v2")
        return self._folder / f"symbols-{re.sub('[^A-Za-z0-9.]+', '-', place)}.json"


def _replace(file: Path, content: bytes) -> None:
    """Write a file so that a reader, or a crash, sees the old one or the new one."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with open(descriptor, "wb") as new:  # noqa: PTH123  a descriptor, not a path
            new.write(content)
        Path(name).replace(file)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
