"""Everything that can end a run, one class per exit code.

BfxStreamError                1  the connection could not be made, or was lost and not regained
├── ConnectionFailed          1
│   └── RateLimited           1  too many connections or requests: stay away for a while
├── NothingReceived           1  `--timeout` passed without a record
├── CaptureFailed             1  a recording cannot be written, or is damaged
├── UsageError                2  a bad flag, symbol or spec; nothing was sent
├── Refused                   3  the exchange rejected a subscription or an order
├── CredentialsError          4  credentials missing or refused
└── CompletenessLost          5  `--strict`: the stream can no longer be shown to be complete

Code below the command line raises these; only the command line prints and exits.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence


class ExitCode(enum.IntEnum):
    """What the process says to the shell when it ends."""

    OK = 0
    CONNECTION = 1
    USAGE = 2
    REFUSED = 3
    CREDENTIALS = 4
    INCOMPLETE = 5
    INTERRUPTED = 130  # 128 + SIGINT, as shells report it
    TERMINATED = 143  # 128 + SIGTERM


class BfxStreamError(Exception):
    """The root: what happened, to what, and what to do next, in one line."""

    exit_code = ExitCode.CONNECTION

    def __init__(self, what: str, *, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.what}; {self.hint}" if self.hint else self.what


class ConnectionFailed(BfxStreamError):
    """No connection, or a connection lost and not regained."""

    def __init__(self, what: str, *, hint: str = "", permanent: bool = False) -> None:
        super().__init__(what, hint=hint)
        self.permanent = permanent
        """Trying again cannot help: a bad certificate, a server that is no WebSocket."""


class RateLimited(ConnectionFailed):
    """Too many connections or requests (HTTP 429): the exchange wants to be left alone."""

    def __init__(self, what: str, *, hint: str = "", wait: float = 60.0) -> None:
        super().__init__(what, hint=hint)
        self.wait = wait
        """Seconds to stay away (API: Requirements and limitations)."""


class NothingReceived(BfxStreamError):
    """`--timeout` passed without a record."""

    def __init__(self, what: str, *, hint: str = "", symbols: Sequence[str] = ()) -> None:
        super().__init__(what, hint=hint)
        self.symbols = list(symbols)
        """What was silent."""


class CaptureFailed(BfxStreamError):
    """A recording cannot be written any further, or is damaged."""


class UsageError(BfxStreamError):
    """Bad input from the user; nothing was sent."""

    exit_code = ExitCode.USAGE


class Refused(BfxStreamError):
    """The exchange said no to a subscription or an order."""

    exit_code = ExitCode.REFUSED

    def __init__(self, what: str, *, hint: str = "", symbols: Sequence[str] = ()) -> None:
        super().__init__(what, hint=hint)
        self.symbols = list(symbols)
        """What was refused, where it was a symbol's."""


class CredentialsError(BfxStreamError):
    """Credentials are missing, or the exchange refused them."""

    exit_code = ExitCode.CREDENTIALS


class CompletenessLost(BfxStreamError):
    """`--strict`: something is missing that could not be filled."""

    exit_code = ExitCode.INCOMPLETE


class ReaderGone(Exception):
    """The other end of the pipe is closed: nobody reads any more. No error, but an end.

    Not a BrokenPipeError: click would turn that into exit code 1 by itself.
    """


class ReaderStalled(Exception):
    """The other end of the pipe takes nothing, and the run is over: no error, but an end."""


class Quit(Exception):
    """The user has had enough: no error, but an end."""
