"""One symbol on one screen: its price, book, chart and tape, each where its layout has it."""

from __future__ import annotations

import copy
import enum
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from bfxstream.book import OrderBook
from bfxstream.output.table import theme
from bfxstream.output.table.axes import DAY, HOUR, MINUTE
from bfxstream.output.table.book import LadderPane
from bfxstream.output.table.candles import CandlesPane
from bfxstream.output.table.figures import (
    AMOUNT_DIGITS,
    PERCENT_SHIFT,
    PRICE_DIGITS,
    RATE_DIGITS,
    Scale,
    number,
)
from bfxstream.output.table.layout import LEAST_ROWS, Pane, Screen
from bfxstream.output.table.lines import (
    BOX_HEIGHT,
    BOX_WIDTH,
    Area,
    Line,
    beside,
    blank,
    span,
    width_of,
)
from bfxstream.output.table.quote import Quote
from bfxstream.output.table.seen import PRESSURE_MINUTES, Pressure, Watched
from bfxstream.output.table.theme import LABEL, Look
from bfxstream.output.table.trades import Tape
from bfxstream.protocol.channels import BookSubscription, CandlesSubscription
from bfxstream.protocol.records import (
    Candle,
    Deriv,
    FundingCandle,
    FundingTicker,
    FundingTrade,
    Record,
    Ticker,
    Trade,
)
from bfxstream.protocol.symbols import Market

TWO_COLUMNS_FROM: Final = 72
THREE_COLUMNS_FROM: Final = 160
THREE_COLUMNS_HEIGHT: Final = 30
STACKED_FROM: Final = 2 * LEAST_ROWS + 3
TALL: Final = 50
MOST_PART: Final = 3
"""The head has at most one of so many rows."""
BAR: Final = 12
LENGTHS: Final = {"m": MINUTE, "h": HOUR, "D": DAY, "W": 7 * DAY, "M": 30 * DAY}


class Layout(str, enum.Enum):
    """What of the market is on the screen, below its price."""

    FULL = "full"
    BOOK = "book"
    TAPE = "tape"
    CHART = "chart"


class Place(NamedTuple):
    """A pane and its columns; several panes stand one below the other."""

    width: int
    panes: Sequence[tuple[Pane, int]]
    """Each with its rows."""


class Dashboard:
    """A view of one symbol."""

    def __init__(
        self,
        subscription: BookSubscription,
        book: OrderBook[Any],
        candles: CandlesSubscription,
        look: Look,
        layout: Layout = Layout.FULL,
        *,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """`book` is live: it is read when a frame is drawn. `wall` is in seconds since 1970."""
        funding = subscription.market is Market.FUNDING
        self._look = look
        self._layout = layout
        self._timeframe = LENGTHS[candles.timeframe[-1]] * int(candles.timeframe[:-1])
        self._quote = Quote(subscription.symbol, funding, look)
        self._chart = CandlesPane(candles, look, None)
        self._tape = Tape([subscription.symbol], FundingTrade if funding else Trade, look, None)
        self._chart.named = self._tape.named = False
        self._tape.foot = self._pressure_bar
        self._pressure = Pressure()
        self._amounts = Scale(AMOUNT_DIGITS)
        prices = Scale(RATE_DIGITS, PERCENT_SHIFT) if funding else Scale(PRICE_DIGITS)
        self.watched = Watched(subscription.symbol, prices)
        self._takers: dict[type[Record], Callable[[Any], None]] = {
            Ticker: self._quote.take,
            FundingTicker: self._quote.take,
            Deriv: self._quote.take,
            Trade: self._take_trade,
            FundingTrade: self._take_trade,
            Candle: self._take_candle,
            FundingCandle: self._take_candle,
        }
        self._wall = wall
        self._now = 0.0
        self._wall_mts = 0.0
        """The wall clock's time at `_now`."""
        self._ahead = 0.0
        """By how many ms the exchange's clock is ahead of it, as far as its trades tell."""
        self.show_book(subscription, book)

    def show_book(self, subscription: BookSubscription, book: OrderBook[Any]) -> None:
        """Have this book in place of the one that is shown."""
        self.verified = subscription.verifiable
        self._ladder = LadderPane(subscription, book, self._look, None)
        self._ladder.named = False
        self._ladder.upright = True if self._layout is Layout.FULL else None

    @property
    def has_data(self) -> bool:
        """Whether there is anything to show."""
        views = (self._quote, self._ladder, self._chart, self._tape)
        return any(view.has_data for view in views)

    @property
    def highlighted(self) -> int:
        """How many cells are highlighted: none are."""
        return 0

    def take(self, records: Sequence[Record], now: float) -> None:
        """Remember what came now."""
        self._now, self._wall_mts = now, 1000 * self._wall()
        takers = self._takers
        for record in records:
            if take := takers.get(type(record)):
                take(record)

    def _take_trade(self, trade: Trade | FundingTrade) -> None:
        self._tape.take(trade)
        self.watched.take(trade)
        price = number(trade.price if isinstance(trade, Trade) else trade.rate)
        amount = number(trade.amount)
        if price is not None and amount is not None:
            self._quote.history.take_trade(trade.mts, price)
            self._pressure.take(trade.mts, amount)
            self._amounts.see(trade.amount)
        if trade.type == "te":  # the others are told late
            self._ahead = trade.mts - self._wall_mts

    def _take_candle(self, candle: Candle | FundingCandle) -> None:
        self._chart.take(candle)
        self._quote.history.take_candle(candle, self._timeframe)

    def observe(self, now: float) -> None:
        """Nothing is highlighted."""

    def frozen(self) -> Dashboard:
        """As it is now, whatever comes later."""
        frozen = copy.copy(self)
        frozen._quote = self._quote.frozen()
        frozen._ladder = self._ladder.frozen()
        frozen._chart = self._chart.frozen()
        frozen._tape = self._tape.frozen()
        frozen._pressure = self._pressure.frozen()
        frozen._tape.foot = frozen._pressure_bar
        return frozen

    def compose(self, width: int, height: int, now: float, *, fill: bool) -> Screen:
        """The head, and below it what the layout has, in exactly this size."""
        boxed = width >= BOX_WIDTH and height >= BOX_HEIGHT - 1
        area = Area(width, height, boxed, now)
        wanted = self._quote.rows + (height >= TALL) + area.frame_height
        head = min(wanted, max(1 + boxed, height // MOST_PART))
        if head - area.frame_height < 1:
            head = min(height, area.frame_height + 1)
        lines = self._quote.draw(area._replace(height=head), self._mts(now))
        places, hidden = self._places(width, height - len(lines), boxed)
        gap = [] if boxed else [blank(1)]
        blocks: list[list[Line]] = []
        for place in places:
            if blocks and gap:
                blocks.append([gap] * (height - len(lines)))
            blocks.append(
                [
                    line
                    for pane, rows in place.panes
                    for line in pane.draw(area._replace(width=place.width, height=rows))
                ]
            )
        return Screen([*lines, *beside(blocks)][:height], hidden)

    def _mts(self, now: float) -> int:
        """The exchange's time."""
        return int(self._wall_mts + self._ahead + 1000 * (now - self._now))

    def _places(self, width: int, height: int, boxed: bool) -> tuple[list[Place], int]:
        """Which pane stands where, and how many have no room."""
        if height < 2:
            return [], 1 if self._layout is not Layout.FULL else 3
        ladder, chart, tape = self._ladder, self._chart, self._tape
        if self._layout is not Layout.FULL:
            alone: dict[Layout, Pane] = {
                Layout.BOOK: ladder,
                Layout.TAPE: tape,
                Layout.CHART: chart,
            }
            return [Place(width, [(alone[self._layout], height)])], 0
        if width >= THREE_COLUMNS_FROM and height >= THREE_COLUMNS_HEIGHT:
            sides, middle = width * 3 // 11, width - 2 * (width * 3 // 11)
            return [
                Place(sides, [(ladder, height)]),
                Place(middle, [(chart, height)]),
                Place(sides, [(tape, height)]),
            ], 0
        if width >= TWO_COLUMNS_FROM:
            left = max(ladder.least_width, min(width * 2 // 5, 50))
            right = width - left - (not boxed)
            if height < STACKED_FROM:
                return [Place(left, [(ladder, height)]), Place(right, [(tape, height)])], 1
            upper = height * 4 // 7
            stack: list[tuple[Pane, int]] = [(chart, upper), (tape, height - upper)]
            return [Place(left, [(ladder, height)]), Place(right, stack)], 0
        if height < STACKED_FROM:
            return [Place(width, [(ladder, height)])], 2
        upper = height * 3 // 5
        return [Place(width, [(ladder, upper), (tape, height - upper)])], 1

    def _pressure_bar(self, width: int) -> Line:
        """What was bought and sold in the last minutes, as amounts and as shares of a bar."""
        bought, sold = self._pressure.until(self._mts(self._now))
        if not bought + sold:
            return []
        glyphs, text = self._look.glyphs, self._amounts.text
        self._amounts.see_sum(bought + sold)
        green = round(BAR * bought / (bought + sold))
        bar = [
            span(glyphs.thick * green, theme.UP),
            span(glyphs.thick * (BAR - green), theme.DOWN),
        ]
        label = span(f"{PRESSURE_MINUTES} min  ", LABEL)
        amounts: Line = [
            span(f"{text(bought)} {glyphs.up} ", theme.UP),
            *bar,
            span(f" {glyphs.down} {text(sold)}", theme.DOWN),
        ]
        for line in ([label, *amounts], amounts, bar):
            if width_of(line) <= width:
                return line
        return []
