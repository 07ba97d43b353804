"""Signed REST look-ups: what happened to an account while nobody watched."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, cast

import msgspec
from msgspec import Raw

from bfxstream.errors import ConnectionFailed
from bfxstream.protocol.account.layouts import ORDER, TRADE, Layout
from bfxstream.protocol.account.records import AccountTrade, Order
from bfxstream.protocol.auth import Credentials, Permission, rest_headers
from bfxstream.protocol.decode import UNREADABLE, FrameError
from bfxstream.stream import policy
from bfxstream.stream.nonces import Nonces
from bfxstream.stream.rest import NonceRefused, RestClient

_MOST_ROWS = 2500
"""That one call gives (API: rest-auth-trades)."""

_MOST_PAGES = 40

_TRIES = 3
"""Of a call that others overtake."""


class AccountRest(RestClient):
    """Blocking calls for one account; raises what RestClient raises, and CredentialsError."""

    def __init__(
        self,
        base: str,
        credentials: Credentials,
        nonces: Nonces,
        limit: policy.RateLimit = policy.REQUESTS,
        timeout: float = policy.REQUEST_TIMEOUT,
    ) -> None:
        super().__init__(base, timeout=timeout, limit=limit)
        self._credentials = credentials
        self._nonces = nonces

    def executions(self, since: int) -> list[AccountTrade]:
        """Every execution from this time (ms) on, oldest first (API: rest-auth-trades)."""
        found: dict[int, AccountTrade] = {}
        start = since
        for _ in range(_MOST_PAGES):
            page = self._records(TRADE, "tu", "auth/r/trades/hist", start=start, sort=1)
            trades = cast("list[AccountTrade]", page)
            known = len(found)
            found.update((trade.id, trade) for trade in trades)
            if len(trades) < _MOST_ROWS or len(found) == known:
                break
            start = trades[-1].mts
        return list(found.values())

    def open_orders(self) -> list[Order]:
        """The orders that are open now (API: rest-auth-retrieve-orders)."""
        return cast("list[Order]", self._records(ORDER, "os", "auth/r/orders"))

    def past_orders(self, *, ids: Collection[int] = (), since: int | None = None) -> list[Order]:
        """Orders that have ended, these or the latest since (ms) (API: rest-auth-orders-hist)."""
        wanted: dict[str, Any] = {"id": list(ids)} if ids else {"start": since}
        return cast("list[Order]", self._records(ORDER, "oc", "auth/r/orders/hist", **wanted))

    def permissions(self) -> dict[str, Permission]:
        """What the key may do, by scope (API: rest-auth-permissions)."""
        endpoint = "auth/r/permissions"
        answer = self._ask_signed(endpoint, b"{}")
        try:
            rows = msgspec.json.decode(answer, type=list[tuple[str, int, int]])
        except UNREADABLE as error:
            raise _unreadable(endpoint, error) from None
        return {scope: Permission(read, write) for scope, read, write in rows}

    def _records(self, layout: Layout, code: str, endpoint: str, **wanted: Any) -> list[Any]:
        if endpoint != "auth/r/orders":
            wanted["limit"] = _MOST_ROWS
        answer = self._ask_signed(endpoint, msgspec.json.encode(wanted))
        try:
            return layout.read_all(code, Raw(answer))
        except FrameError as error:
            raise _unreadable(endpoint, error) from None

    def _ask_signed(self, endpoint: str, body: bytes, tries: int = _TRIES) -> bytes:
        nonce = self._nonces.next()
        headers = rest_headers(self._credentials, endpoint, nonce, body.decode())
        try:
            return self.post(endpoint, body, headers)
        except NonceRefused:
            # Another program of this machine, with a later nonce, may have been faster.
            if tries == 1:
                raise
            return self._ask_signed(endpoint, body, tries - 1)


def _unreadable(endpoint: str, error: Exception) -> ConnectionFailed:
    return ConnectionFailed(f"the answer to {endpoint} cannot be read: {error}")
