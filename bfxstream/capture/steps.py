"""What one line of a recording says: how it began, and each thing that a connection met.

Every time is taken twice: `mts` is the local clock (ms since 1970), `us` a clock that never goes
back (microseconds from any moment). A connection's steps come in their order; those of several
connections in the order in which the run gave out what they brought.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Literal

import msgspec
from msgspec import Raw, Struct

from bfxstream.protocol.account.records import AccountTrade, Order

FORMAT = 1


class Base64(Struct):
    """The bytes of a frame that is no text."""

    base64: str


Text = str | Base64
"""A frame, unchanged: the text that it is in UTF-8, or else its bytes."""


class Begun(Struct, tag_field="step", tag="begun", kw_only=True):
    """The first line of every file: what was asked for, and what the run decided by."""

    format: int = FORMAT
    id: str
    """Of the recording: its parts have it in common."""
    part: int = 1
    mts: int
    us: int
    url: str
    subscriptions: list[str]
    """As specs, in the order in which they were spread over the connections."""
    seed: int
    """Of the jitter between attempts to connect."""
    time_scale: float = 1.0
    reconnect: bool = True
    retry_for: float | None = None
    account_url: str | None = None
    """Where the account is, if it is recorded."""
    account_filters: list[str] = []
    """What of it was wanted."""


class Step(Struct, tag_field="step"):
    """One thing that a connection met."""

    connection: int
    mts: int
    us: int


class Opened(Step, tag="opened"):
    """The connection stands."""

    url: str


class Failed(Step, tag="failed"):
    """It could not be made."""

    what: str
    hint: str
    permanent: bool
    wait: float | None
    """Seconds to stay away, where there were too many attempts."""


class Lost(Step, tag="lost"):
    """It has ended, and not by us."""

    reason: str


class Sent(Step, tag="sent"):
    """What we said, but for `auth` events: they are left out."""

    frames: list[Text]


class Received(Step, tag="received"):
    """What one read brought; nothing, where it was waited for in vain."""

    frames: list[Text]


Question = Literal["trades", "candles"]


class Answered(Step, tag="answered"):
    """What the history of the REST API had, known from this read on."""

    asked: Question
    key: str
    start: int
    end: int
    limit: int
    time: int = 1
    """Which time that was asked: an answer that was not waited for may come all the same."""
    rows: Raw = Raw(b"null")
    """As the API has them; null where it did not answer."""
    failure: str = ""
    hint: str = ""
    permanent: bool = True
    wait: float | None = None


class Recovered(Step, tag="recovered"):
    """What an account did meanwhile, as REST told it, known from this read on."""

    number: int
    since: int
    executions: list[AccountTrade]
    orders: list[Order]


class Warned(Step, tag="warned"):
    """Why that is not known yet, told from this read on."""

    text: str


class Told(Step, tag="told"):
    """Events were given out here that nothing had come for, such as a reconnect of our own."""


class Ended(Step, tag="ended"):
    """The recording ended as its user wanted; without this line it broke off."""


AnyStep = Opened | Failed | Lost | Sent | Received | Answered | Recovered | Warned | Told | Ended
Line = Begun | AnyStep

decode_line = msgspec.json.Decoder(Line).decode
"""Reads one line; raises msgspec.DecodeError for anything else."""

_encode_lines = msgspec.json.Encoder().encode_lines


def encode_lines(lines: Sequence[Line]) -> bytes:
    """The lines as they stand in the file."""
    return _encode_lines(lines)


def texts_of(frames: Sequence[bytes]) -> list[Text]:
    """Frames as a line has them."""
    try:
        return [frame.decode() for frame in frames]
    except UnicodeDecodeError:
        return [_text_of(frame) for frame in frames]


def _text_of(frame: bytes) -> Text:
    try:
        return frame.decode()
    except UnicodeDecodeError:
        return Base64(base64.b64encode(frame).decode())


def frames_of(texts: Sequence[Text]) -> list[bytes]:
    """The frames as they were. Raises ValueError for what is none."""
    return [
        text.encode() if isinstance(text, str) else base64.b64decode(text.base64, validate=True)
        for text in texts
    ]
