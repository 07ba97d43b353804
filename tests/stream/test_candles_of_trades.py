"""The demo market's candles and its trades, through the same pipeline: one tells the other."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from pipeline import Pipeline

from bfxstream.protocol.channels import parse_spec
from bfxstream.protocol.numbers import decimal
from bfxstream.protocol.records import Candle, Trade
from bfxstream.stream.feed import FeedOptions

MINUTE = 60_000


def test_a_closed_candle_is_what_its_trades_make_of_it() -> None:
    wishes = [parse_spec("candles:1m:tBTCUSD"), parse_spec("trades:tBTCUSD")]
    pipeline = Pipeline(wishes, FeedOptions(closed=True, snapshots=False))
    trades: dict[int, list[Trade]] = defaultdict(list)
    closed: list[Candle] = []
    while len(closed) < 2:
        assert pipeline.now < 10 * MINUTE / 1000, "no candle was ever closed"
        for record in pipeline.step():
            if isinstance(record, Candle):
                closed.append(record)
            else:
                trades[record.mts // MINUTE * MINUTE].append(record)
    pipeline.assert_healthy()
    for candle in closed[1:]:  # the first began before the trades did
        prices = [decimal(trade.price) for trade in trades[candle.mts]]
        volume = sum((abs(decimal(trade.amount)) for trade in trades[candle.mts]), Decimal())
        assert decimal(candle.open) == prices[0]
        assert decimal(candle.close) == prices[-1]
        assert decimal(candle.high) == max(prices)
        assert decimal(candle.low) == min(prices)
        assert decimal(candle.volume) == volume
