"""The REST side of the same market: a path in, status and body out; no socket."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from bfxstream.demo.arrays import json_array
from bfxstream.demo.conditions import Condition, Conditions
from bfxstream.demo.conf import Conf
from bfxstream.demo.keys import candles_of
from bfxstream.demo.limits import Allowance
from bfxstream.demo.market import Listing, Market
from bfxstream.demo.requests import Rejected, book_of, symbol_of
from bfxstream.demo.ticker import ticker_row
from bfxstream.demo.views import BookView

PREFIX = "/v2/"

_MOST_ROWS = 10_000
_TRADES, _CANDLES = 120, 100
"""Rows of a history where no limit is given (API: rest-public-trades, rest-public-candles)."""

LATEST = 1 << 53
_ERR_PARAMS = 10020
_MAINTENANCE = b'["error",20060,"maintenance"]'
NOT_FOUND = b"<!DOCTYPE html><html><body><h1>404 Not Found</h1></body></html>"


class Answer(NamedTuple):
    """One HTTP response."""

    status: int
    body: bytes
    content_type: str = "application/json; charset=utf-8"


class _Refused(Exception):
    """A parameter that makes no sense."""


Parameters = Mapping[str, str]


class RestApi:
    """Answers requests for public data (API: reference, REST public endpoints)."""

    def __init__(
        self,
        market: Market,
        requests_a_minute: int | None,
        minute: float,
        conditions: Conditions | None = None,
    ) -> None:
        self._market = market
        self._conditions = Conditions() if conditions is None else conditions
        self._conf = Conf(market.instruments.values())
        self._endpoints: dict[str, Callable[[Sequence[str], Parameters], bytes | None]] = {
            "platform": self._platform,
            "conf": self._configuration,
            "ticker": self._ticker,
            "tickers": self._tickers,
            "trades": self._trades,
            "candles": self._candles,
            "book": self._book,
            "status": self._status,
            "liquidations": self._liquidations,
        }
        self._allowances = {name: Allowance(requests_a_minute, minute) for name in self._endpoints}

    def answer(self, target: str, now: float) -> Answer:
        """Answer the request for a path that begins with `PREFIX`."""
        url = urlsplit(target)
        name, *rest = unquote(url.path).removeprefix(PREFIX).split("/")
        endpoint = self._endpoints.get(name)
        if endpoint is None:
            return Answer(404, NOT_FOUND, "text/html")
        if not self._allowances[name].take(now):
            return Answer(429, b'{"error":"ERR_RATE_LIMIT"}')
        if self._in_maintenance and name != "platform":
            return Answer(500, _MAINTENANCE)
        parameters = {key: values[0] for key, values in parse_qs(url.query).items()}
        try:
            body = endpoint(rest, parameters)
        except (_Refused, Rejected) as refused:
            return Answer(500, msgspec.json.encode(["error", _ERR_PARAMS, str(refused)]))
        return Answer(404, NOT_FOUND, "text/html") if body is None else Answer(200, body)

    def _platform(self, path: Sequence[str], _parameters: Parameters) -> bytes | None:
        if path != ["status"]:
            return None
        return b"[0]" if self._in_maintenance else b"[1]"

    def _configuration(self, path: Sequence[str], _parameters: Parameters) -> bytes | None:
        if len(path) != 1:
            return None
        lists = [self._conf.get(key) for key in path[0].split(",")]
        if None in lists:
            raise _Refused("key: invalid")
        return msgspec.json.encode(lists)

    def _ticker(self, path: Sequence[str], _parameters: Parameters) -> bytes | None:
        return ticker_row(self._listing(path[0])) if len(path) == 1 else None

    def _tickers(self, path: Sequence[str], parameters: Parameters) -> bytes | None:
        if path:
            return None
        listings = self._market.listings
        wanted = _names(parameters, "symbols", listings)
        return json_array(_keyed(each, ticker_row(listings[each])) for each in wanted)

    def _trades(self, path: Sequence[str], parameters: Parameters) -> bytes | None:
        if len(path) != 2 or path[1] != "hist":
            return None
        tape = self._listing(path[0]).tape
        if Condition.NO_HISTORY in self._conditions:
            return json_array([])
        return _history(tape.between(*_bounds(parameters)), parameters, _TRADES)

    def _candles(self, path: Sequence[str], parameters: Parameters) -> bytes | None:
        if len(path) != 2 or path[1] not in ("hist", "last"):
            return None
        wish = candles_of(path[0], self._market.instruments)
        if wish is None:
            raise _Refused("key: invalid")
        candles = self._market.listings[wish.symbol].candles
        start, end = _bounds(parameters)
        found = candles.since(start, wish.timeframe, wish.periods)
        if path[1] == "last":
            return candles.row(found[0]) if found else b"[]"
        rows = [candles.row(each) for each in reversed(found) if each.mts <= end]
        return _history(rows, parameters, _CANDLES)

    def _book(self, path: Sequence[str], parameters: Parameters) -> bytes | None:
        if len(path) != 2:
            return None
        asked = {"symbol": path[0], "prec": path[1], "len": parameters.get("len", 25)}
        wish = book_of(asked, self._market.instruments)
        listing = self._market.listings[wish.symbol]
        return json_array(BookView(listing.instrument, listing.engine, wish).snapshot())

    def _status(self, path: Sequence[str], parameters: Parameters) -> bytes | None:
        if path != ["deriv"]:
            return None
        known = {
            symbol: listing.status.row
            for symbol, listing in self._market.listings.items()
            if listing.status is not None
        }
        return json_array(_keyed(each, known[each]) for each in _names(parameters, "keys", known))

    def _liquidations(self, path: Sequence[str], parameters: Parameters) -> bytes | None:
        if path != ["hist"]:
            return None
        start, end = _bounds(parameters)
        log = self._market.liquidations.latest(_MOST_ROWS)
        rows = [b"[%b]" % each.row for each in log if start <= each.mts <= end]
        return _history(rows, parameters, _TRADES)

    @property
    def _in_maintenance(self) -> bool:
        return Condition.MAINTENANCE in self._conditions

    def _listing(self, symbol: str) -> Listing:
        return self._market.listings[symbol_of({"symbol": symbol}, self._market.instruments)]


def _keyed(symbol: str, row: bytes) -> bytes:
    """A row that names its symbol first, as answers about several do."""
    return b'["%b",%b' % (symbol.encode("ascii"), row[1:])


def _names(parameters: Parameters, name: str, known: Mapping[str, object]) -> list[str]:
    """The known ones of those asked for; what is not known is passed over."""
    asked = parameters.get(name, "")
    return list(known) if asked == "ALL" else [each for each in asked.split(",") if each in known]


def _bounds(parameters: Parameters) -> tuple[int, int]:
    """`start` and `end` in ms, both included."""
    return _whole(parameters, "start", 0), _whole(parameters, "end", LATEST)


def _history(rows: list[bytes], parameters: Parameters, usual: int) -> bytes:
    """As many rows as `limit` says, the newest or by `sort` the oldest, in that order."""
    limit = _whole(parameters, "limit", usual)
    if not 1 <= limit <= _MOST_ROWS:
        raise _Refused("limit: invalid")
    oldest_first = _whole(parameters, "sort", -1) > 0
    return json_array(rows[:limit] if oldest_first else reversed(rows[-limit:]))


def _whole(parameters: Parameters, name: str, usual: int) -> int:
    text = parameters.get(name)
    if text is None:
        return usual
    try:
        return int(text)
    except ValueError:
        raise _Refused(f"{name}: invalid") from None
