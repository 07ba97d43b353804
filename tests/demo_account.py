"""The demo account for tests: its credentials, and ways into it that do not wait."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

from bfxstream.demo import DemoExchange
from bfxstream.demo.access import DEMO_KEY, DEMO_SECRET
from bfxstream.protocol.account.filters import AccountFilter
from bfxstream.protocol.auth import Credentials, Secret
from bfxstream.stream.account_link import AccountAccess
from bfxstream.stream.nonces import Nonces
from bfxstream.stream.options import StreamOptions
from bfxstream.stream.policy import Policy, RateLimit

CREDENTIALS = Credentials(Secret(DEMO_KEY), Secret(DEMO_SECRET))

_nonces = itertools.count(time.time_ns() // 1000)
next_nonce = _nonces.__next__


def owner(exchange: DemoExchange, folder: Path) -> dict[str, str]:
    """The environment of the account's owner; `folder` keeps the nonces."""
    return {
        "BFX_API_KEY": DEMO_KEY,
        "BFX_API_SECRET": DEMO_SECRET,
        "BFXSTREAM_URL": exchange.url,
        "XDG_STATE_HOME": str(folder),
    }


def access(exchange: DemoExchange, folder: Path, *words: str) -> AccountAccess:
    """The way into the account; `folder` keeps the nonces."""
    return AccountAccess(
        exchange.url,
        exchange.rest_url,
        CREDENTIALS,
        Nonces(CREDENTIALS.key, folder, warn=print),
        wanted=AccountFilter(words),
        requests=RateLimit(10_000, 1.0),
    )


def options(exchange: DemoExchange) -> StreamOptions:
    """Those of a stream whose waits are a fiftieth."""
    return StreamOptions(url=exchange.url, tick=0.02, policy=Policy().scaled(0.02))
