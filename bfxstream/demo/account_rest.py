"""The REST side of the demo account: signed calls in, status and body out; no socket."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from bfxstream.demo.access import Grant
from bfxstream.demo.account import Account
from bfxstream.demo.arrays import json_array
from bfxstream.demo.limits import Allowance
from bfxstream.demo.orders import AccountOrder
from bfxstream.demo.requests import Rejected
from bfxstream.demo.rest import LATEST, NOT_FOUND, PREFIX, Answer

_USUAL, _MOST = 25, 2500
"""Rows of a history: where no limit is given, and at most."""

Body = Mapping[str, Any]


class AccountRestApi:
    """Answers signed calls (API: reference, REST authenticated endpoints)."""

    def __init__(self, account: Account, requests_a_minute: int | None, minute: float) -> None:
        self._account = account
        self._calls: dict[str, Callable[[str | None, Body, Grant], bytes]] = {
            "auth/r/orders": self._orders,
            "auth/r/orders/hist": self._past_orders,
            "auth/r/trades/hist": self._executions,
            "auth/r/wallets": self._wallets,
            "auth/r/positions": self._positions,
            "auth/r/permissions": self._permissions,
        }
        self._allowances = {name: Allowance(requests_a_minute, minute) for name in self._calls}

    def answer(self, target: str, headers: Mapping[str, str], text: str, now: float) -> Answer:
        """Answer a POST of this body to a path that begins with `PREFIX`."""
        path = target.removeprefix(PREFIX)
        name, symbol = _without_symbol(path)
        call = self._calls.get(name)
        if call is None:
            return Answer(404, NOT_FOUND, "text/html")
        if not self._allowances[name].take(now):
            return Answer(429, b'{"error":"ERR_RATE_LIMIT"}')
        try:
            grant = self._account.gate.admit_call(headers, path, text)
            return Answer(200, call(symbol, _read(text), grant))
        except Rejected as rejected:
            return Answer(500, msgspec.json.encode(["error", rejected.code, rejected.reason]))

    def _orders(self, symbol: str | None, _body: Body, _grant: Grant) -> bytes:
        return _rows(_of(self._account.trading.open.values(), symbol))

    def _past_orders(self, symbol: str | None, body: Body, _grant: Grant) -> bytes:
        start, end, limit = _bounds(body)
        given = body.get("id")
        ids = given if isinstance(given, list) else ()
        found = [
            order
            for order in _of(reversed(self._account.trading.past), symbol)
            if start <= order.mts_update <= end and (not ids or order.order_id in ids)
        ]
        return _rows(found[:limit])

    def _executions(self, symbol: str | None, body: Body, _grant: Grant) -> bytes:
        start, end, limit = _bounds(body)
        found = [
            execution.row
            for execution in self._account.trading.executions
            if start <= execution.mts <= end and symbol in (None, execution.symbol)
        ]
        oldest_first = _whole(body, "sort", -1) > 0
        return json_array(found[:limit] if oldest_first else reversed(found[-limit:]))

    def _wallets(self, _symbol: str | None, _body: Body, _grant: Grant) -> bytes:
        return json_array(self._account.trading.wallets.rows())

    def _positions(self, _symbol: str | None, _body: Body, _grant: Grant) -> bytes:
        return json_array(self._account.trading.margin.rows(calculated=True))

    def _permissions(self, _symbol: str | None, _body: Body, grant: Grant) -> bytes:
        caps = grant.caps()
        return msgspec.json.encode(
            [[name, may["read"], may["write"]] for name, may in caps.items()]
        )


def _without_symbol(path: str) -> tuple[str, str | None]:
    """`auth/r/trades/tBTCUSD/hist` as the call it is and the symbol it is about."""
    parts = path.split("/")
    symbols = [part for part in parts if part.startswith("t") and part[1:2].isupper()]
    return "/".join(part for part in parts if part not in symbols), next(iter(symbols), None)


def _of(orders: Iterable[AccountOrder], symbol: str | None) -> list[AccountOrder]:
    return [order for order in orders if symbol in (None, order.symbol)]


def _rows(orders: Iterable[AccountOrder]) -> bytes:
    return json_array(order.row() for order in orders)


def _read(text: str) -> Body:
    try:
        body = msgspec.json.decode(text or "{}")
    except (msgspec.DecodeError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise Rejected(10020, "body: invalid")
    return body


def _bounds(body: Body) -> tuple[int, int, int]:
    """`start` and `end` in ms, both included, and `limit`."""
    limit = _whole(body, "limit", _USUAL)
    if not 1 <= limit <= _MOST:
        raise Rejected(10020, "limit: invalid")
    return _whole(body, "start", 0), _whole(body, "end", LATEST), limit


def _whole(body: Body, name: str, usual: int) -> int:
    value = body.get(name)
    if value is None:
        return usual
    if not isinstance(value, int) or isinstance(value, bool):
        raise Rejected(10020, f"{name}: invalid")
    return value
