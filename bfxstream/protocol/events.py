"""What happens to the stream itself: printed on stderr, and among the records with `--events`."""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct

from bfxstream.protocol.printable import printable


class Event(Struct, tag_field="event", kw_only=True):
    """One thing that happened; `mts` is the local clock, in milliseconds."""

    mts: int = 0
    connection: int = 0
    """The number of the connection it happened to, from 1; 0 for the stream as a whole."""

    def sentence(self) -> str:
        """The event in words, for one line on stderr."""
        raise NotImplementedError

    def make_printable(self) -> None:
        """Take out of its texts what no terminal should see: some of them are the exchange's."""
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, str):
                setattr(self, name, printable(value))


class Spread(Event, tag="spread"):
    """The subscriptions need several connections; the last can be opened after `seconds`."""

    subscriptions: int
    connections: int
    seconds: float

    def sentence(self) -> str:
        spread = f"{self.subscriptions} subscriptions over {self.connections} connections"
        if not self.seconds:
            return spread
        slow = f"opening them takes {self.seconds:.0f} s"
        return f"{spread}; {slow}, as the exchange limits how many may be opened a minute"


class Connected(Event, tag="connected"):
    """A connection stands for the first time."""

    url: str

    def sentence(self) -> str:
        return f"connected to {self.url}"


class Reconnecting(Event, tag="reconnecting"):
    """The connection is lost, or could not be made; the next attempt is `delay` seconds away."""

    reason: str
    delay: float
    attempt: int

    def sentence(self) -> str:
        return f"{self.reason}; reconnecting in {self.delay:.1f} s (attempt {self.attempt})"


class Reconnected(Event, tag="reconnected"):
    """A connection stands again."""

    url: str
    after: float

    def sentence(self) -> str:
        return f"reconnected to {self.url} after {self.after:.1f} s"


class Subscribed(Event, tag="subscribed"):
    """The exchange confirmed a subscription."""

    spec: str
    chan_id: int

    def sentence(self) -> str:
        return f"subscribed to {self.spec} (channel {self.chan_id})"


class Gap(Event, tag="gap"):
    """Something is missing: frames of a connection, or what a subscription should have had.

    Where `spec` is null, sequence numbers are missing: every channel of the connection is
    subscribed afresh and its new snapshot makes up for them, which `--strict` lets pass. Else
    records of that subscription are missing for good, and `--strict` ends the run.

    `first` and `last` are the bounds, known on both sides of the hole: sequence numbers where
    `spec` is null, else ids of trades or of liquidated positions, or the times of candles.
    """

    spec: str | None
    first: int
    last: int
    first_mts: int | None = None
    last_mts: int | None = None

    def sentence(self) -> str:
        if self.spec is None:
            return (
                f"frames are missing: sequence {self.first} was followed by {self.last}; "
                "all channels are resubscribed"
            )
        if self.spec.startswith("trades:"):
            return f"{self.spec}: trades may be missing between id {self.first} and id {self.last}"
        hole = f"from mts {self.first_mts} to mts {self.last_mts}"
        if self.spec.startswith("candles:"):
            return f"{self.spec}: candles {hole} may be missing or not final"
        return f"{self.spec}: liquidations {hole} may be missing"


class Backfilling(Event, tag="backfilling"):
    """What an interruption took is asked of the history; newer records are held meanwhile.

    The bounds are those of a `gap`, which follows where the history has it not.
    """

    spec: str
    first: int
    last: int
    first_mts: int
    last_mts: int

    def sentence(self) -> str:
        hole = f"from mts {self.first_mts} to mts {self.last_mts}"
        return f"{self.spec}: looking up what is missing {hole}; newer records wait"


class Backfilled(Event, tag="backfilled"):
    """The history had what was missing, up to what was held: so many records."""

    spec: str
    records: int

    def sentence(self) -> str:
        return f"{self.spec}: the history had what was missing ({self.records} records)"


class Resync(Event, tag="resync"):
    """A channel is subscribed afresh; its next snapshot replaces what was known."""

    spec: str
    reason: str

    def sentence(self) -> str:
        return f"{self.spec}: {self.reason}; resubscribing"


class Moved(Event, tag="moved"):
    """The exchange takes no more channels on a connection: those refused get another one."""

    moved: int
    kept: int

    def sentence(self) -> str:
        full = f"the exchange takes no more than {self.kept} channels on this connection"
        return f"{full}; {self.moved} move to another"


class Maintenance(Event, tag="maintenance"):
    """The exchange stops for maintenance, or has come back from it."""

    phase: Literal["started", "ended"]

    def sentence(self) -> str:
        if self.phase == "started":
            return "the exchange is in maintenance; waiting for its end"
        return "the exchange's maintenance has ended; all channels are resubscribed"


class BadFrame(Event, tag="bad_frame"):
    """A frame could not be read and was skipped; reported once in a while, with the count."""

    reason: str
    count: int

    def sentence(self) -> str:
        reason = self.reason
        for pattern, words in _IN_WORDS:
            reason = re.sub(pattern, words, reason)
        return f"a frame could not be read and was skipped ({self.count} so far): {reason}"


_IN_WORDS = (
    (
        r"Expected `array` of at least length (\d+), got (\d+)",
        r"at least \1 values are due, not \2",
    ),
    (r"Expected `(.+?)`, got `(.+?)`", r"\1 is due, not \2"),
    (r" - at `\$(.*?)`", r" at position \1"),
)
"""What the parser says of a value that does not fit, and how a person would."""


class Notice(Event, tag="notice"):
    """Something that the exchange says and that needs no action here."""

    text: str

    def sentence(self) -> str:
        return self.text


class Rejected(Event, tag="rejected"):
    """The exchange refused a subscription for good."""

    spec: str
    code: int | None
    """None where it refused by saying nothing."""
    message: str
    remedy: str

    def sentence(self) -> str:
        code = "" if self.code is None else f" (code {self.code})"
        return f"the exchange refused {self.spec}: {self.message}{code}"
