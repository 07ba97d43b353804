"""REST look-ups of the public API: what streams do not bring (API: reference, REST public)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeVar
from urllib.parse import quote, urlencode

import msgspec
from msgspec import Struct

from bfxstream.errors import (
    BfxStreamError,
    ConnectionFailed,
    CredentialsError,
    RateLimited,
    Refused,
)
from bfxstream.protocol.auth import Secret
from bfxstream.protocol.codes import Action, error_code
from bfxstream.protocol.decode import UNREADABLE, with_floats
from bfxstream.protocol.rows import CandleRow, FundingTradeRow, TradeRow
from bfxstream.protocol.symbols import Market, market_of
from bfxstream.stream import policy
from bfxstream.stream.fetch import Answer, fetch
from bfxstream.stream.limiter import LIMITER, RateLimiter

Row = TypeVar("Row", bound=Struct)
Sort = Literal[1, -1]
"""1 gives the oldest row first, -1 the newest."""


class NonceRefused(CredentialsError):
    """A call with a larger nonce came before this one, which was not carried out."""


class RestClient:
    """Blocking look-ups at one base URL; safe to use from several threads.

    Every call raises ConnectionFailed where no usable answer came (`permanent` where asking again
    is vain), RateLimited where it must wait, and Refused with the exchange's words.
    """

    def __init__(
        self,
        base: str = policy.PUBLIC_REST_URL,
        *,
        timeout: float = policy.REQUEST_TIMEOUT,
        limiter: RateLimiter = LIMITER,
        limit: policy.RateLimit = policy.REQUESTS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.base = base
        self._timeout = timeout
        self._limiter = limiter
        self._limit = limit
        self._clock = clock

    def get(self, path: str, **parameters: object) -> bytes:
        """The JSON text of an answer; parameters that are None are left out."""
        given = {name: value for name, value in parameters.items() if value is not None}
        query = f"?{urlencode(given)}" if given else ""
        name = path.partition("/")[0]
        where = f"cannot get {name} from {self.base}"
        url = f"{self.base}/{quote(path, safe='/:,')}{query}"
        return self._ask(name, path, where, lambda: fetch(url, where, self._timeout))

    def post(self, path: str, body: bytes, signature: Mapping[str, Secret]) -> bytes:
        """The JSON text of the answer to a signed call.

        Raises CredentialsError where the exchange refuses the key.
        """
        where = f"cannot get {path} from {self.base}"
        url = f"{self.base}/{path}"
        return self._ask(
            path,
            path,
            where,
            lambda: fetch(url, where, self._timeout, body=body, signature=signature),
        )

    def _ask(self, name: str, path: str, where: str, ask: Callable[[], Answer]) -> bytes:
        endpoint = f"{self.base}/{name}"
        wait = self._limiter.enter(endpoint, self._limit, self._clock())
        if wait > 0:
            hint = f"wait {wait:.0f} s"
            raise RateLimited(f"{where}: asked for too often", hint=hint, wait=wait)
        try:
            return _checked(ask(), path, where)
        except RateLimited as error:
            self._limiter.keep_away(endpoint, self._clock() + error.wait)
            raise
        finally:
            self._limiter.leave(endpoint, self._clock())

    def conf(self, keys: Sequence[str]) -> list[msgspec.Raw]:
        """The lists and maps of these keys, in their order (API: rest-public-conf)."""
        body = self.get(f"conf/{','.join(keys)}")
        found: list[msgspec.Raw] = _read(body, list[msgspec.Raw], "conf")
        if len(found) != len(keys):
            raise _wrong_layout("conf", f"{len(keys)} lists expected, {len(found)} came")
        return found

    def trade_history(
        self,
        symbol: str,
        *,
        start: int | None = None,
        end: int | None = None,
        limit: int | None = None,
        sort: Sort | None = None,
    ) -> list[TradeRow] | list[FundingTradeRow]:
        """Past trades, newest first unless `sort` says otherwise (API: rest-public-trades).

        `start` and `end` are milliseconds, both inclusive; `limit` is at most 10000.
        """
        path = f"trades/{symbol}/hist"
        body = self.get(path, start=start, end=end, limit=limit, sort=sort)
        if market_of(symbol) is Market.FUNDING:
            return _read_rows(body, FundingTradeRow, path)
        return _read_rows(body, TradeRow, path)

    def candle_history(
        self,
        key: str,
        *,
        start: int | None = None,
        end: int | None = None,
        limit: int | None = None,
        sort: Sort | None = None,
    ) -> list[CandleRow]:
        """Past candles of a key such as `trade:1m:tBTCUSD` (API: rest-public-candles).

        Parameters and order are those of `trade_history`.
        """
        path = f"candles/{key}/hist"
        body = self.get(path, start=start, end=end, limit=limit, sort=sort)
        return _read_rows(body, CandleRow, path)


def _read_rows(body: bytes, row_type: type[Row], path: str) -> list[Row]:
    _read(body, list[with_floats(row_type)], path)  # type: ignore[misc]
    rows: list[Row] = _read(body, list[row_type], path)  # type: ignore[valid-type]
    return rows


def _read(body: bytes, layout: Any, path: str) -> Any:
    try:
        return msgspec.json.decode(body, type=layout)
    except UNREADABLE as error:
        raise _wrong_layout(path, str(error)) from None


def _wrong_layout(path: str, why: str) -> ConnectionFailed:
    return ConnectionFailed(f"the answer to {path} is not in the API's layout: {why}")


def _checked(answer: Answer, path: str, where: str) -> bytes:
    """The body, if it is data; every public answer is an array."""
    said = answer.body.lstrip()
    if answer.status == 200 and said.startswith(b"[") and not said.startswith(b'["error"'):
        return answer.body
    raise _failure(answer, path, where)


def _failure(answer: Answer, path: str, where: str) -> BfxStreamError:
    """An answer that is no data: an error array, an object, or a page of some web server."""
    match _json(answer.body):
        case ["error", int(code), *texts]:
            return _refusal(code, " ".join(map(str, texts)), path, where)
        case {"error": "ERR_RATE_LIMIT"}:
            return _too_many(where)
        case {"error": reason}:
            return ConnectionFailed(f"{where}: the exchange says: {reason}")
    if answer.status == 429:
        return _too_many(where)
    if answer.status >= 500:
        return ConnectionFailed(f"{where}: the server is unavailable (HTTP {answer.status})")
    return ConnectionFailed(
        f"{where}: this is not the exchange's REST API (HTTP {answer.status})", permanent=True
    )


def _refusal(code: int, text: str, path: str, where: str) -> BfxStreamError:
    meaning = error_code(code, text)
    said = f"the exchange says: {text} (code {code})"
    if meaning.name == "ERR_RATE_LIMIT":
        return _too_many(where)
    if meaning.action is Action.RETRY:
        return ConnectionFailed(f"{where}: {said}")
    if meaning.name == "ERR_AUTH_NONCE":
        return NonceRefused(f"{path}: {said}", hint=meaning.remedy)
    if meaning.action is Action.CREDENTIALS:
        return CredentialsError(f"{path}: {said}", hint=meaning.remedy)
    return Refused(f"{path}: {said}", hint=meaning.remedy)


def _too_many(where: str) -> RateLimited:
    return RateLimited(f"{where}: too many requests (HTTP 429)", hint="wait a minute")


def _json(body: bytes) -> object:
    try:
        return msgspec.json.decode(body)
    except UNREADABLE:
        return None
