"""All that is subscribed as views on one screen: boards, ladders, charts, tapes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from bfxstream.book import OrderBook
from bfxstream.output.table.board import LatestBoard, boards
from bfxstream.output.table.book import LadderPane
from bfxstream.output.table.candles import CandlesPane, key_of
from bfxstream.output.table.layout import Board, Pane, Screen, compose
from bfxstream.output.table.liquidations import LiquidationsPane
from bfxstream.output.table.theme import Look
from bfxstream.output.table.trades import tapes
from bfxstream.protocol.channels import (
    AccountSubscription,
    BookSubscription,
    CandlesSubscription,
    Subscription,
)
from bfxstream.protocol.records import Candle, FundingCandle, Liquidation, Record
from bfxstream.protocol.views import symbols_of

if TYPE_CHECKING:
    from bfxstream.output.table.account import AccountPane
    from bfxstream.protocol.account.filters import AccountFilter


class View(Protocol):
    """What fills a screen above its status line."""

    @property
    def has_data(self) -> bool:
        """Whether there is anything to show."""

    @property
    def highlighted(self) -> int:
        """How many cells are highlighted, as last observed."""

    @property
    def verified(self) -> bool:
        """Whether a book is shown whose checksum is compared."""

    def take(self, records: Sequence[Record], now: float) -> None:
        """Remember the latest of what came now."""

    def observe(self, now: float) -> None:
        """Compare what is known with what was shown, to know what to highlight."""

    def compose(self, width: int, height: int, now: float, *, fill: bool) -> Screen:
        """Everything at this size; without `fill` no higher than what there is to show."""


class Views:
    """Boards, ladders, charts and tapes of whatever is subscribed."""

    def __init__(
        self,
        subscriptions: Sequence[Subscription],
        books: Mapping[Subscription, OrderBook[Any]],
        look: Look,
        fields: Sequence[str] | None = None,
        account: AccountFilter | None = None,
    ) -> None:
        """`books` are live: they are read when a frame is drawn.

        `account` is what is wanted of the account, where that is subscribed.
        """
        public = [s for s in subscriptions if not isinstance(s, AccountSubscription)]
        self.books = {s: books[s] for s in subscriptions if isinstance(s, BookSubscription)}
        self._boards = boards(public, look, fields)
        trades = tapes(public, look, fields)
        self._charts = {
            key_of(s): CandlesPane(s, look, fields)
            for s in subscriptions
            if isinstance(s, CandlesSubscription)
        }
        liquidations = LiquidationsPane(look, fields)
        self.pictures: list[Pane] = [
            *(LadderPane(s, book, look, fields) for s, book in self.books.items()),
            *self._charts.values(),
        ]
        """What is drawn at the end, even where records are plain lines."""
        self._panes = [*self.pictures, *trades.values()]
        if symbols_of(Liquidation, public):
            self._panes.append(liquidations)
        self._takers: dict[type[Record], Callable[[Any], None]] = {
            **{record: board.take for record, board in self._boards.items()},
            **{record: tape.take for record, tape in trades.items()},
            Candle: self._take_candle,
            FundingCandle: self._take_candle,
            Liquidation: liquidations.take,
        }
        self._flashing: list[LatestBoard | AccountPane] = [*self._boards.values()]
        """What highlights its changes."""
        if len(public) < len(subscriptions):
            self._show_account(account, look, fields)

    def _show_account(
        self, wanted: AccountFilter | None, look: Look, fields: Sequence[str] | None
    ) -> None:
        from bfxstream.output.table.account import (  # noqa: PLC0415  few screens have one
            RECORDS,
            AccountPane,
        )

        pane = AccountPane(wanted, look, fields)
        self._panes.insert(0, pane)
        self._flashing.append(pane)
        self.pictures.append(pane)
        self._takers |= dict.fromkeys(RECORDS, pane.take)

    @property
    def has_data(self) -> bool:
        """Whether there is anything to show."""
        views: list[Board | Pane] = [*self._boards.values(), *self._panes]
        return any(view.has_data for view in views)

    @property
    def highlighted(self) -> int:
        """How many cells are highlighted, as last observed."""
        return sum(view.highlighted for view in self._flashing)

    @property
    def verified(self) -> bool:
        """Whether a book is shown whose checksum is compared."""
        return any(subscription.verifiable for subscription in self.books)

    def take(self, records: Sequence[Record], now: float) -> None:
        """Remember the latest of what came now."""
        for board in self._boards.values():
            board.batch_time = now
        takers = self._takers
        for record in records:
            if take := takers.get(type(record)):
                take(record)

    def _take_candle(self, candle: Candle | FundingCandle) -> None:
        self._charts[key_of(candle)].take(candle)

    def observe(self, now: float) -> None:
        """Compare what is known with what was shown, to know what to highlight."""
        for view in self._flashing:
            view.observe(now)

    def compose(self, width: int, height: int, now: float, *, fill: bool) -> Screen:
        """Everything at this size; without `fill` no higher than what there is to show."""
        return compose(list(self._boards.values()), self._panes, width, height, now, fill=fill)
