"""An account on the screen: wallets, positions, orders, funding and the last executions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple, get_args

from bfxstream.account import Holdings
from bfxstream.output.table import theme
from bfxstream.output.table.account_rows import (
    CENTS,
    FUNDING_COLUMNS,
    ORDER_COLUMNS,
    POSITION_COLUMNS,
    TRADE_COLUMNS,
    WALLET_COLUMNS,
    Kit,
    Row,
    funding_rows,
    order_rows,
    position_rows,
    trade_rows,
    wallet_rows,
)
from bfxstream.output.table.columns import Column, Widths
from bfxstream.output.table.fields import Scales, chosen, field_columns
from bfxstream.output.table.figures import number, plain, signed
from bfxstream.output.table.flash import Flashes
from bfxstream.output.table.grid import draw_grid
from bfxstream.output.table.lines import (
    Area,
    Line,
    beside,
    blank,
    clean,
    fitted,
    panel,
    shortened,
    span,
)
from bfxstream.output.table.row_figures import direction
from bfxstream.output.table.theme import Look
from bfxstream.protocol.account.filters import AccountFilter
from bfxstream.protocol.account.records import (
    AccountRecord,
    AccountTrade,
    Balance,
    FundingCredit,
    FundingLoan,
    FundingOffer,
    MarginBase,
    Notification,
    Order,
    Position,
    Wallet,
    kind_of,
)

RECORDS: Final = get_args(AccountRecord)
"""What concerns an account."""

KEPT: Final = 200
"""Executions: more than most screens are high."""
BESIDE_WIDTH: Final = 160
"""From here on wallets and positions stand side by side."""
WATCHED: Final = {
    "Wallets": ("currency", ("exchange", "margin", "funding", "total")),
    "Positions": ("symbol", ("amount", "base_price")),
    "Orders": ("id", ("price", "filled", "status")),
}
"""By section: what a row is known by, and which of its changes are highlighted."""

STATUS_STYLES: Final = {"SUCCESS": theme.GOOD, "ERROR": theme.BAD, "FAILURE": theme.BAD}


class Section(NamedTuple):
    """One table of the account."""

    title: str
    records: tuple[type[Any], ...]
    columns: Sequence[Column]
    read: Callable[[Iterable[Any], Kit], list[Row]]
    held: Callable[[], Iterable[Any]]
    """What there is, in the order of the rows."""
    nothing: str
    """Said where there is none; without words the section is left out then."""
    note: Callable[[], Line] = list
    counts: bool = True
    """Whether it says how many rows have no room: older executions are no loss."""


class Table(NamedTuple):
    """A section as it is now."""

    section: Section
    rows: list[Row]

    def height(self, area: Area, most: int = KEPT) -> int:
        """The height that shows so many rows below the header, or that there is nothing."""
        return area.frame_height + (1 + min(most, len(self.rows)) if self.rows else 1)


class AccountPane:
    """Everything that is known of an account, each section as high as it needs to be."""

    least_width = 38
    good_width = 100
    weight = 3

    def __init__(
        self, wanted: AccountFilter | None, look: Look, fields: Sequence[str] | None = None
    ) -> None:
        """Sections that `wanted` lets nothing into are left out; None wants all."""
        self._look = look
        self._kit = Kit(Scales(), look.glyphs)
        self._widths: dict[str, Widths] = {}
        watched = WATCHED if fields is None else {}
        self._flashes = {title: Flashes(*places) for title, places in watched.items()}
        self._wallets = Holdings[Wallet](lambda wallet: (wallet.wallet_type, wallet.currency))
        self._positions = Holdings[Position](lambda position: position.symbol, "pc")
        self._orders = Holdings[Order](lambda order: order.id, "oc")
        self._offers = Holdings[FundingOffer](lambda offer: offer.id, "foc")
        self._credits = Holdings[FundingCredit](lambda credit: credit.id, "fcc")
        self._loans = Holdings[FundingLoan](lambda loan: loan.id, "flc")
        self._trades: dict[int, AccountTrade] = {}
        self._balance: Balance | None = None
        self._margin: MarginBase | None = None
        self._notification: Notification | None = None
        self.has_data = False
        """Whether anything has come."""
        self._takers: dict[type[Any], Callable[[Any], None]] = {
            Wallet: self._wallets.take,
            Position: self._positions.take,
            Order: self._orders.take,
            FundingOffer: self._offers.take,
            FundingCredit: self._credits.take,
            FundingLoan: self._loans.take,
            AccountTrade: self._take_trade,
            Balance: self._take_balance,
            MarginBase: self._take_margin,
            Notification: self._take_notification,
        }
        kinds = (wanted or AccountFilter()).kinds()
        self._sections = [
            _narrowed(section, fields)
            for section in self._all_sections()
            if any(kind_of(record) in kinds for record in section.records)
        ]

    def take(self, record: AccountRecord) -> None:
        """Take one record of the account."""
        self.has_data = True
        if taker := self._takers.get(type(record)):
            taker(record)

    @property
    def highlighted(self) -> int:
        """How many cells are highlighted, as last observed or drawn."""
        return sum(flashes.highlighted for flashes in self._flashes.values())

    def observe(self, now: float) -> None:
        """Let highlights end whose time is over."""
        for flashes in self._flashes.values():
            flashes.observe(now)

    def wanted(self, area: Area) -> int:
        """The height that shows everything at the area's width."""
        rows = _shelved(self._tables(), area)
        heights = (max(table.height(area) for table in row) for row in rows)
        return sum(heights) + (self._notification is not None)

    def draw(self, area: Area) -> list[Line]:
        """The account in this area: a section too many is told by the last one."""
        told = self._told(area.width)
        room = area.height - len(told)
        shelves = _shelved(self._tables(), area)
        least = [max(table.height(area, 1) for table in shelf) for shelf in shelves]
        while len(least) > 1 and sum(least) > room:
            least.pop()
        shown, gone = shelves[: len(least)], shelves[len(least) :]
        wishes = [max(table.height(area) for table in shelf) for shelf in shown]
        lines: list[Line] = []
        for shelf, height in zip(shown, shared_out(wishes, least, room), strict=True):
            below = sum(map(len, gone)) if shelf is shown[-1] else 0
            lines += self._draw_shelf(shelf, area._replace(height=height), below)
        lines += [[blank(area.width)]] * (room - len(lines))
        return [*lines[:room], *told][: area.height]

    def _draw_shelf(self, tables: Sequence[Table], area: Area, hidden: int) -> list[Line]:
        blocks: list[list[Line]] = []
        left = area.width
        for i, table in enumerate(tables):
            width = left // (len(tables) - i)
            left -= width
            blocks.append(self._draw_table(table, area._replace(width=width), hidden))
        return beside(blocks)

    def _draw_table(self, table: Table, area: Area, hidden: int) -> list[Line]:
        section, glyphs = table.section, self._look.glyphs
        room = max(0, area.inner_height - 1)  # below the header
        below = max(0, len(table.rows) - room)
        missing = [f"{below} more"] * bool(below and section.counts)
        missing += [f"{hidden} more below"] * bool(hidden)
        note = [span(", ".join(missing), theme.WARN)] if missing else section.note()
        body: list[Line] = [[span(section.nothing, theme.LABEL)]]
        if table.rows:
            widths = self._widths.setdefault(section.title, Widths())
            rows = table.rows[:room]
            if section.title in self._flashes:
                rows = self._flashes[section.title].over(rows, area.now)
            body = draw_grid(section.columns, rows, area.inner_width, glyphs, widths)
        return panel(area, glyphs, [span(section.title, theme.TITLE)], body, note, [])

    def _tables(self) -> list[Table]:
        """The sections with their rows; those with something to say."""
        tables = (
            Table(section, section.read(section.held(), self._kit)) for section in self._sections
        )
        return [table for table in tables if table.rows or table.section.nothing]

    def _told(self, width: int) -> list[Line]:
        """What the exchange has said last, in a line."""
        said = self._notification
        if said is None:
            return []
        glyphs = self._look.glyphs
        style = STATUS_STYLES.get(said.status or "", theme.WARN)
        status = clean((said.status or said.notification_type or "").lower(), glyphs)
        words = shortened(clean(said.text or "", glyphs), max(0, width - len(status) - 5), glyphs)
        line = [blank(1), span(f"{glyphs.dot} {status}", style), span(f" {words}")]
        return [fitted(line, width)]

    # Records that are not rows.

    def _take_trade(self, trade: AccountTrade) -> None:
        # The update brings the fee; its place is the execution's.
        self._trades[trade.id] = trade
        if len(self._trades) > KEPT:
            del self._trades[next(iter(self._trades))]

    def _take_balance(self, balance: Balance) -> None:
        self._balance = balance

    def _take_margin(self, margin: MarginBase) -> None:
        self._margin = margin

    def _take_notification(self, notification: Notification) -> None:
        self._notification = notification

    def _worth(self) -> Line:
        """The worth of all wallets, as the exchange values them."""
        worth = None if self._balance is None else number(self._balance.aum)
        if worth is None:
            return []
        return [span("worth ", theme.LABEL), span(f"{plain(worth, CENTS)} USD", theme.BOLD)]

    def _profit(self) -> Line:
        """The profit of all positions, and the margin that carries them."""
        if self._margin is None or not self._positions.held:
            return []
        profit, net = number(self._margin.user_pl), number(self._margin.margin_net)
        line: Line = []
        if profit is not None:
            line = [span(f"{signed(profit, CENTS)} USD", direction(profit))]
        if net is not None:
            line += [span(f"  margin {plain(net, CENTS)} USD", theme.LABEL)]
        return line

    def _all_sections(self) -> list[Section]:
        def funding() -> Iterable[Any]:
            for holdings in (self._offers, self._credits, self._loans):
                yield from holdings.held.values()

        held = (FundingOffer, FundingCredit, FundingLoan)
        trades, positions, orders = self._trades, self._positions, self._orders
        return [
            Section(
                *("Wallets", (Wallet,), WALLET_COLUMNS, wallet_rows),
                *(self._wallets.held.values, "none", self._worth),
            ),
            Section(
                *("Positions", (Position,), POSITION_COLUMNS, position_rows),
                *(positions.held.values, "none", self._profit),
            ),
            Section(
                *("Orders", (Order,), ORDER_COLUMNS, order_rows),
                *(orders.held.values, "none"),
            ),
            Section(
                *("Funding", held, FUNDING_COLUMNS, funding_rows),
                *(funding, ""),
            ),
            Section(
                *("Executions", (AccountTrade,), TRADE_COLUMNS, trade_rows),
                *(lambda: reversed(trades.values()), "none yet"),
                counts=False,
            ),
        ]


def _narrowed(section: Section, fields: Sequence[str] | None) -> Section:
    """The section with only these of its records' keys, where it has one of them."""
    names = chosen(fields, *section.records)
    if names is None:
        return section

    def rows(records: Iterable[Any], kit: Kit) -> list[Row]:
        return [{name: kit.field(record, name) for name in names} for record in records]

    return section._replace(columns=field_columns(names), read=rows)


def _shelved(tables: Sequence[Table], area: Area) -> list[list[Table]]:
    """The tables one below the other, the first two side by side where there is room."""
    first = 2 if area.width >= BESIDE_WIDTH and len(tables) > 2 else 1
    return [list(tables[:first]), *([table] for table in tables[first:])] if tables else []


def shared_out(wishes: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Heights: the least for each, a row in turn for who wishes more, and the rest for the last."""
    heights = list(least)
    left = room - sum(heights)
    while left > 0 and any(map(int.__lt__, heights, wishes)):
        for i, wish in enumerate(wishes):
            if heights[i] < wish and left > 0:
                heights[i] += 1
                left -= 1
    if heights and left:
        heights[-1] += left
    return heights
