"""Every number of connecting, waiting and watching, named, with its source."""

from __future__ import annotations

import sys
from math import inf
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from bfxstream.protocol.codes import MAX_SUBSCRIPTIONS
from bfxstream.protocol.patience import Patience

PUBLIC_URL = "wss://api-pub.bitfinex.com/ws/2"
PUBLIC_REST_URL = "https://api-pub.bitfinex.com/v2"
AUTHENTICATED_HOST = "api.bitfinex.com"
ACCOUNT_URL = f"wss://{AUTHENTICATED_HOST}/ws/2"
ACCOUNT_REST_URL = f"https://{AUTHENTICATED_HOST}/v2"

CONNECT_TIMEOUT = 10.0
"""Seconds for each step of a connect: TCP, TLS, handshake."""

CLOSE_TIMEOUT = 1
"""Seconds to wait for the answer to our close frame."""

REQUEST_TIMEOUT = 10.0
"""Seconds for a REST look-up from its beginning to the last byte of its answer."""

MOST_ANSWER_BYTES = 16 * 1024 * 1024
"""Of a REST answer: ten times the largest that the API gives, 10000 rows."""

SYMBOLS_FRESH_FOR = 24 * 3600.0
"""Seconds for which the list of symbols that is kept is not asked for again."""

NEAREST_TIMEOUT = 3.0
"""Seconds that a refused symbol's nearest names are looked up for, where no list is kept."""

MOST_HELD = 10_000
"""Trades of a symbol held back at most; what is more is left to the history."""

TimesT = TypeVar("TimesT", bound=Struct)


class RateLimit(NamedTuple):
    """At most so many attempts at one endpoint in any window of so many seconds."""

    attempts: int
    window: float


REQUESTS = RateLimit(10, 61.0)
"""To one REST endpoint: inside every figure that the API's pages give for those we ask."""


class Policy(Struct, frozen=True, kw_only=True):
    """How a stream connects, waits and watches: a float is in seconds, an int is a count."""

    ping_after: float = 17.0
    """Without a frame, until the API's ping is sent: a heartbeat is due every 15 s."""

    dead_after: float = 24.0
    """Without a frame, until the connection counts as dead, whatever TCP says: with the time
    between two looks, that is told within 25 s."""

    backoff_first: float = 1.0
    backoff_most: float = 60.0

    healthy_after: float = 30.0
    """Of a live connection, after which the backoff starts anew."""

    rate_limit_wait: float = 60.0
    """To stay away after a 429 (API: Requirements and limitations)."""

    public_attempts: int = 20
    public_window: float = 61.0
    """The exchange allows 20 a minute, by its clock: a little may lie between ours and that."""

    account_attempts: int = 5
    account_window: float = 16.0
    """The authenticated endpoint allows 5 in 15 s (API: Requirements and limitations)."""

    retry_for_first: float = 10.0
    """To keep trying before there was any connection, unless `--retry-for` says otherwise."""

    mismatches_until_reconnect: int = 3
    """Checksum mismatches in a row on one book until the whole connection is made anew."""

    subscriptions: int = MAX_SUBSCRIPTIONS
    """On one connection at most."""

    burst_pause: float = 0.05
    """Without an update, after which a burst counts as over, where bursts are not bulk."""

    snapshot_wait: float = 5.0
    """How long trades and candles are held back for the snapshot that must come before them."""

    history_rows: int = 10_000
    """Of one page of the history at most (API: rest-public-trades, rest-public-candles)."""

    history_attempts: int = 5
    """Times in a row that the history may fail, or not have what is missing."""

    history_retry: float = 3.0
    """Until it is asked again, then twice as long…: a cache of some 5 s stands before it."""

    history_patience: float = 180.0
    """How long newer trades are held at most while nothing comes of asking."""

    answer_timeout: float = 15.0
    """For the exchange's answer to an order, unless `--timeout` says otherwise."""

    answer_look_up: float = 5.0
    """Without one, until the orders are looked up over REST: silence of the connection itself
    shows only after `dead_after`."""

    requests_window: float = REQUESTS.window

    notice: float = 30.0
    """How long the status line shows what went wrong after it is mended."""

    pause: float = 1.0
    """Held up for longer than this by its reader, a stream stops its watches, too."""

    thread_tick: float = 1.0
    """Between two looks of a reader thread at what is due, where nothing comes."""

    patience: Patience = Patience()

    def connect_limit(self, url: str) -> RateLimit:
        """How often the endpoint of this URL may be connected to."""
        if urlsplit(url).hostname == AUTHENTICATED_HOST:
            return RateLimit(self.account_attempts, self.account_window)
        return RateLimit(self.public_attempts, self.public_window)

    @property
    def request_limit(self) -> RateLimit:
        """How often one REST endpoint may be asked."""
        return RateLimit(REQUESTS.attempts, self.requests_window)

    def patient(self) -> Policy:
        """The same policy, which judges no silence: for what others have recorded, in part."""
        endless = {"confirm", "status_confirm", "leave", "silence", "maintenance"}
        patience = replace(self.patience, **dict.fromkeys(endless, inf))
        return replace(
            self, patience=patience, ping_after=inf, dead_after=inf, subscriptions=sys.maxsize
        )

    def scaled(self, factor: float) -> Policy:
        """The same policy, every time multiplied: for tests that cannot wait."""
        return _scaled(self, factor)


def _scaled(times: TimesT, factor: float) -> TimesT:
    changes: dict[str, object] = {}
    for name in times.__struct_fields__:
        value = getattr(times, name)
        if isinstance(value, float):
            changes[name] = value * factor
        elif isinstance(value, Struct):
            changes[name] = _scaled(value, factor)
    return replace(times, **changes)
