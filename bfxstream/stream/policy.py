"""Every number of connecting, waiting and watching, named, with its source."""

from __future__ import annotations

import random

PUBLIC_URL = "wss://api-pub.bitfinex.com/ws/2"

PUBLIC_REST_URL = "https://api-pub.bitfinex.com/v2"

CONNECT_TIMEOUT = 10.0
"""Seconds for each step of a connect: TCP, TLS, handshake."""

CLOSE_TIMEOUT = 1
"""Seconds to wait for the answer to our close frame."""

PING_AFTER = 17.0
"""Seconds without a frame until the API's ping is sent: a heartbeat is due every 15 s."""

DEAD_AFTER = 25.0
"""Seconds without a frame until the connection counts as dead, whatever TCP says."""

BACKOFF_FIRST = 1.0
BACKOFF_MOST = 60.0
HEALTHY_AFTER = 30.0
"""Seconds of a live connection after which the backoff starts anew."""

RATE_LIMIT_WAIT = 60.0
"""Seconds to stay away after a 429 (API: Requirements and limitations)."""

REQUEST_TIMEOUT = 10.0
"""Seconds for a REST look-up from its beginning to the last byte of its answer."""

REQUESTS_A_MINUTE = 10
"""To one REST endpoint: inside every figure that the API's pages give for those we ask."""

MOST_ANSWER_BYTES = 16 * 1024 * 1024
"""Of a REST answer: ten times the largest that the API gives, 10000 rows."""

RETRY_FOR_FIRST = 10.0
"""Seconds to keep trying before there was any connection, unless `--retry-for` says otherwise."""

SYMBOLS_FRESH_FOR = 24 * 3600.0
"""Seconds for which the list of symbols that is kept is not asked for again."""

NEAREST_TIMEOUT = 3.0
"""Seconds that a refused symbol's nearest names are looked up for, where no list is kept."""

MISMATCHES_UNTIL_RECONNECT = 3
"""Checksum mismatches in a row on one book until the whole connection is made anew."""

BURST_PAUSE = 0.05
"""Seconds without an update after which a burst counts as over, where bursts are not bulk."""


SNAPSHOT_SECONDS = 5.0
"""How long trades are held back for the snapshot that must come before them."""

MOST_HELD = 1000
"""Trades held back at most, whatever becomes of the snapshot."""

NOTICE_SECONDS = 30.0
"""How long the status line shows what went wrong after it is mended."""


class Backoff:
    """Exponential backoff with full jitter: a random wait below a bound that doubles."""

    def __init__(self, rng: random.Random | None = None) -> None:
        self.attempts = 0
        self._random = rng or random.Random()

    def reset(self) -> None:
        """Start anew, after a connection that stayed healthy."""
        self.attempts = 0

    def next_delay(self, *, at_least: float = 0.0) -> float:
        """Seconds to wait before the next attempt."""
        bound = min(BACKOFF_MOST, BACKOFF_FIRST * 2**self.attempts)
        self.attempts += 1
        return at_least + self._random.uniform(0, bound)
