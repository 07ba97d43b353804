"""A symbol's past trades, told as the exchange tells them: whole or not, at once or late."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

from msgspec import Raw

from bfxstream.errors import BfxStreamError
from bfxstream.protocol.rows import TradeRow


def row(trade_id: int, mts: int | None = None) -> TradeRow:
    """A trade whose time follows from its id, unless it is given."""
    return TradeRow(trade_id, 1000 * trade_id if mts is None else mts, Raw(b"1"), Raw(b"100"))


def rows(*ids: int) -> list[TradeRow]:
    return [row(trade_id) for trade_id in ids]


class Tape:
    """The truth, and the history of it as the exchange tells it, right or wrong."""

    def __init__(self, *trades: TradeRow) -> None:
        self.trades = list(trades)
        self.asked: list[tuple[int, int]] = []
        self.failures: list[BfxStreamError] = []
        """The next answers, one after the other."""
        self.lag = 0
        """How many of the newest trades are not known there yet."""
        self.repeats = False
        self.inclusive = True
        self.slow = False
        self._late: list[tuple[Future[list[Any]], list[Any]]] = []

    def ids(self) -> list[int]:
        return [each.id for each in self.trades]

    def trades_between(self, start: int, end: int, limit: int) -> list[TradeRow]:
        known = self.trades[: len(self.trades) - self.lag]
        if not self.inclusive:
            start, end = start + 1, end - 1
        page = [each for each in known if start <= each.mts <= end][:limit]
        return page + page if self.repeats else page

    def answer_late(self) -> None:
        """Give the answers that were held back."""
        late, self._late = self._late, []
        for answer, page in late:
            answer.set_result(page)


class TapeHistory:
    """Looks things up in a market."""

    def __init__(self, market: Tape) -> None:
        self.market = market

    def trades(self, symbol: str, start: int, end: int, limit: int) -> Future[list[Any]]:
        assert symbol == "tBTCUSD"
        market = self.market
        market.asked.append((start, end))
        answer: Future[list[Any]] = Future()
        if market.failures:
            answer.set_exception(market.failures.pop(0))
            return answer
        page = market.trades_between(start, end, limit)
        if market.slow:
            market._late.append((answer, page))
        else:
            answer.set_result(page)
        return answer

    candles = trades
