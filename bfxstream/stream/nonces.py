"""Nonces: microseconds of the clock, rising for each key over processes and restarts."""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from bfxstream.folders import user_folder
from bfxstream.protocol.auth import MAX_NONCE, Secret

_LONGEST = 32
"""Bytes read of a state file: more than any nonce has digits."""


def state_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Where state is kept that outlives a run."""
    return user_folder("XDG_STATE_HOME", environ) / "bfxstream"


class Nonces:
    """Makes the nonces of one key: each larger than any other that this machine made for it.

    The last one is kept in a file, locked while it is read and written. Where that cannot be
    done the clock alone must do, and a warning says so once.
    """

    def __init__(
        self,
        key: Secret,
        folder: Path,
        warn: Callable[[str], None],
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        """`clock` gives nanoseconds since 1970."""
        # The name tells keys apart and tells nothing of them.
        digest = hashlib.sha256(b"bfxstream nonce " + key.reveal().encode()).hexdigest()
        self._path = folder / f"nonce-{digest[:16]}"
        self._warn: Callable[[str], None] | None = warn
        self._clock = clock
        self._lock = threading.Lock()
        self._last = 0

    def next(self) -> int:
        """The next nonce."""
        with self._lock:
            try:
                self._take_from_file()
            except OSError as error:
                self._take(0)
                if self._warn is not None:
                    reason = error.strerror or type(error).__name__
                    self._warn(
                        f"cannot keep the last nonce in {self._path.parent} ({reason}); "
                        "a clock set back would make the exchange refuse the key for a while"
                    )
                    self._warn = None
            return self._last

    def _take_from_file(self) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(self._path, flags, 0o600), "r+b", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # until the file is closed
            self._take(_nonce_in(file.read(_LONGEST)))
            # In one write over what was there: a nonce never has fewer digits than one before.
            os.pwrite(file.fileno(), b"%d\n" % self._last, 0)

    def _take(self, last_elsewhere: int) -> None:
        microseconds = self._clock() // 1000
        self._last = max(microseconds, self._last + 1, last_elsewhere + 1)


def _nonce_in(content: bytes) -> int:
    """The nonce in a file; 0 where there is none, or none that the exchange could have taken."""
    line = content.partition(b"\n")[0]
    nonce = int(line) if line.isdigit() else 0
    return nonce if nonce < MAX_NONCE else 0
