"""What the rows of an account's tables say: their columns, and its records as their cells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from msgspec import Raw
from rich.style import Style

from bfxstream.output.table import theme
from bfxstream.output.table.axes import moment
from bfxstream.output.table.columns import Column
from bfxstream.output.table.fields import Scales
from bfxstream.output.table.figures import (
    PERCENT_SHIFT,
    RATE_DIGITS,
    number,
    plain,
    signed,
    time_of_day,
)
from bfxstream.output.table.grid import Cell
from bfxstream.output.table.lines import clean
from bfxstream.output.table.row_figures import (
    PERCENT,
    Shown,
    direction,
    percent_change,
    scaled,
)
from bfxstream.output.table.theme import Glyphs
from bfxstream.protocol.account.orders import OrderFlag
from bfxstream.protocol.account.records import (
    AccountTrade,
    FundingCredit,
    FundingLoan,
    FundingOffer,
    Order,
    Position,
    Wallet,
)
from bfxstream.protocol.numbers import integer, is_null, text

MONEY_DIGITS: Final = 10
POSITION_DIGITS: Final = 7
PROFIT_DIGITS: Final = 6
CENTS: Final = 2
FEE_DECIMALS: Final = 8
WALLETS: Final = ("exchange", "margin", "funding")

WALLET_COLUMNS: Final = (
    Column("currency", "CURRENCY", 0, left=True),
    Column("exchange", "EXCHANGE", 2),
    Column("margin", "MARGIN", 3),
    Column("funding", "FUNDING", 5),
    Column("total", "TOTAL", 1),
    Column("available", "AVAILABLE", 4),
)
POSITION_COLUMNS: Final = (
    Column("symbol", "SYMBOL", 0, left=True),
    Column("side", "POSITION", 2, left=True),
    Column("amount", "AMOUNT", 3),
    Column("base_price", "ENTRY", 4),
    Column("pl", "P/L", 1, least=8),
    Column("pl_perc", "P/L %", 5, least=9),
    Column("price_liq", "LIQUIDATION", 6),
    Column("leverage", "LEVERAGE", 7),
)
ORDER_COLUMNS: Final = (
    Column("symbol", "SYMBOL", 0, left=True),
    Column("side", "SIDE", 1, left=True),
    Column("amount", "AMOUNT", 2),
    Column("price", "PRICE", 3),
    Column("type", "TYPE", 4, left=True),
    Column("filled", "FILLED", 5),
    Column("status", "STATUS", 6, left=True),
    Column("placed", "PLACED UTC", 8, left=True),
    Column("id", "ID", 7, left=True),
)
TRADE_COLUMNS: Final = (
    Column("time", "TIME UTC", 4, left=True),
    Column("symbol", "SYMBOL", 0, left=True),
    Column("side", "SIDE", 1, left=True),
    Column("amount", "AMOUNT", 3),
    Column("price", "PRICE", 2),
    Column("fee", "FEE", 5),
    Column("role", "ROLE", 7, left=True),
    Column("type", "TYPE", 6, left=True),
    Column("order", "ORDER", 8, left=True),
)
FUNDING_COLUMNS: Final = (
    Column("what", "WHAT", 2, left=True),
    Column("symbol", "SYMBOL", 0, left=True),
    Column("side", "SIDE", 3, left=True),
    Column("amount", "AMOUNT", 1),
    Column("rate", "% A DAY", 4),
    Column("period", "DAYS", 5),
    Column("status", "STATUS", 6, left=True),
)

Row = Mapping[str, Cell]


class Kit(NamedTuple):
    """What turns values into cells: the decimals of each symbol, and the terminal's glyphs."""

    scales: Scales
    glyphs: Glyphs

    def text(self, value: object, style: Style = theme.PLAIN) -> Cell:
        """Words of the exchange's, safe for a terminal."""
        words = "" if value is None else clean(str(value), self.glyphs)
        return Cell(words, style) if words else self.nothing

    def money(self, group: str, currency: str, token: object) -> Cell:
        """An amount of a currency, or of a symbol's first one; a group shares its decimals."""
        scale = self.scales.of(currency, group, MONEY_DIGITS)
        value = scale.see(token)
        return self.nothing if value is None else Cell(scale.text(value))

    def size(self, group: str, symbol: str, token: object) -> Cell:
        """An amount whose sign another column says."""
        cell = self.money(group, symbol, token)
        return cell._replace(text=cell.text.lstrip("-"))

    def price(self, symbol: str, token: object) -> Cell:
        """A price; 0 is none."""
        scale = self.scales.price(symbol)
        value = scale.see(token)
        return Cell(scale.text(value)) if value else self.nothing

    def profit(self, symbol: str, token: object) -> Cell:
        """A profit in the symbol's second currency, or a loss; cents at least."""
        scale = self.scales.of(symbol, "profit", PROFIT_DIGITS)
        value = scale.see(token)
        if value is None:
            return self.nothing
        return Cell(signed(value, max(CENTS, scale.places)), direction(value))

    def way(self, token: object, words: tuple[str, str]) -> Cell:
        """Which way a signed amount goes, in one of two words."""
        value = number(token) or 0.0
        arrow = self.glyphs.up if value > 0 else self.glyphs.down
        return Cell(f"{arrow} {words[value <= 0]}", direction(value))

    def field(self, record: Any, name: str) -> Cell:
        """The value of a record's key, as it came."""
        value = getattr(record, name)
        if isinstance(value, Raw):
            value = None if is_null(value) else text(value)
        return self.text(value)

    @property
    def nothing(self) -> Cell:
        """What stands where there is no value."""
        return Cell(self.glyphs.nothing, theme.LABEL)


def wallet_rows(wallets: Iterable[Wallet], kit: Kit) -> list[Row]:
    """A row for each currency: each wallet's balance, their sum, and what of it can be used."""
    held: dict[str, dict[str, Wallet]] = {}
    for wallet in wallets:
        held.setdefault(wallet.currency, {})[wallet.wallet_type] = wallet
    for currency, kinds in held.items():
        for wallet in kinds.values():  # seen before any is shown, so that decimals stand in line
            kit.money("wallet", currency, wallet.balance)
    return [
        _wallet_row(currency, held[currency], kit) for currency in sorted(held, key=_dollar_first)
    ]


def _dollar_first(currency: str) -> tuple[bool, str]:
    return currency != "USD", currency


def _wallet_row(currency: str, kinds: Mapping[str, Wallet], kit: Kit) -> Row:
    row = {"currency": kit.text(currency, theme.BOLD)}
    for kind in WALLETS:
        row[kind] = (
            kit.money("wallet", currency, kinds[kind].balance) if kind in kinds else kit.nothing
        )
    scale = kit.scales.of(currency, "wallet", MONEY_DIGITS)
    for key, name in (("total", "balance"), ("available", "balance_available")):
        known = [number(getattr(wallet, name)) for wallet in kinds.values()]
        value = None if None in known else sum(each for each in known if each is not None)
        row[key] = kit.nothing if value is None else Cell(scale.text(value))
    row["total"] = row["total"]._replace(style=theme.BOLD)
    return row


def position_rows(positions: Iterable[Position], kit: Kit) -> list[Row]:
    """A row for each position."""
    return [_position_row(each, kit) for each in positions]


def _position_row(position: Position, kit: Kit) -> Row:
    symbol, nothing = position.symbol, kit.glyphs.nothing
    percent, liquidation = number(position.pl_perc), number(position.price_liq)
    # Calculated prices have more decimals than any that is traded at.
    prices = kit.scales.of(symbol, "position price", POSITION_DIGITS)
    entry = scaled(position.base_price, prices, nothing)
    return {
        "symbol": kit.text(symbol, theme.BOLD),
        "side": kit.way(position.amount, ("long", "short")),
        "amount": kit.size("position", symbol, position.amount),
        "base_price": _cell(entry),
        "pl": kit.profit(symbol, position.pl),
        "pl_perc": _cell(
            percent_change(None if percent is None else percent / PERCENT, kit.glyphs)
        ),
        "price_liq": kit.nothing if liquidation is None else Cell(prices.text(liquidation)),
        "leverage": _leverage(number(position.leverage), kit),
    }


def _leverage(value: float | None, kit: Kit) -> Cell:
    return kit.nothing if value is None else Cell(plain(value, 1))


def order_rows(orders: Iterable[Order], kit: Kit) -> list[Row]:
    """A row for each order: symbol by symbol, the highest price first."""
    ordered = sorted(orders, key=lambda each: (each.symbol, -(number(each.price) or 0.0), each.id))
    for order in ordered:
        kit.price(order.symbol, order.price)
        kit.money("order", order.symbol, order.amount)
    return [_order_row(each, kit) for each in ordered]


def _order_row(order: Order, kit: Kit) -> Row:
    whole, left = number(order.amount_orig), number(order.amount)
    filled = 0.0 if not whole or left is None else 1 - left / whole
    status, _, _ = (order.status or "").partition(" @ ")
    return {
        "symbol": kit.text(order.symbol, theme.BOLD),
        "side": kit.way(order.amount, ("buy", "sell")),
        "amount": kit.size("order", order.symbol, order.amount),
        "price": kit.price(order.symbol, order.price),
        "type": kit.text(f"{(order.order_type or '').lower()}{_flags(order)}"),
        "filled": Cell(f"{plain(filled * PERCENT, 0)}%", theme.PLAIN if filled else theme.LABEL),
        "status": kit.text(status.lower(), theme.LABEL if status == "ACTIVE" else theme.PLAIN),
        "placed": kit.text(_day_and_time(order.mts_create), theme.LABEL),
        "id": kit.text(order.id, theme.LABEL),
    }


def _flags(order: Order) -> str:
    """What its flags say, behind its type."""
    flags = integer(order.flags) or 0
    names = (flag.name or "" for flag in OrderFlag if flag and flags & flag)
    return "".join(", " + name.lower().replace("_", "-") for name in names)


def _day_and_time(token: Any) -> str | None:
    mts = integer(token)
    return None if mts is None else f"{moment(mts):%m-%d %H:%M:%S}"


def trade_rows(trades: Iterable[AccountTrade], kit: Kit) -> list[Row]:
    """A row for each execution, in the order given."""
    shown = list(trades)
    for trade in shown:
        kit.price(trade.symbol, trade.exec_price)
        kit.money("trade", trade.symbol, trade.exec_amount)
    return [_trade_row(trade, kit) for trade in shown]


def _trade_row(trade: AccountTrade, kit: Kit) -> Row:
    symbol = trade.symbol
    fee = number(trade.fee)
    maker = number(trade.maker)
    words = {1.0: "maker", -1.0: "taker"}
    return {
        "time": Cell(time_of_day(trade.mts_create), theme.LABEL),
        "symbol": kit.text(symbol, theme.BOLD),
        "side": kit.way(trade.exec_amount, ("buy", "sell")),
        "amount": kit.size("trade", symbol, trade.exec_amount),
        "price": kit.price(symbol, trade.exec_price)._replace(
            style=direction(number(trade.exec_amount))
        ),
        "fee": kit.nothing
        if fee is None
        else kit.text(f"{_short(fee)} {trade.fee_currency or ''}", theme.LABEL),
        "role": kit.text(None if maker is None else words.get(maker), theme.LABEL),
        "type": kit.text((trade.order_type or "").lower()),
        "order": kit.text(None if trade.order_id is None else integer(trade.order_id), theme.LABEL),
    }


def _short(value: float) -> str:
    text = plain(value, FEE_DECIMALS)
    return text.rstrip("0").rstrip(".") or "0"


def funding_rows(held: Iterable[FundingOffer | FundingCredit | FundingLoan], kit: Kit) -> list[Row]:
    """A row for each offer, credit and loan."""
    shown = list(held)
    for each in shown:
        kit.scales.of(each.symbol, "daily rate", RATE_DIGITS, PERCENT_SHIFT).see(each.rate)
    return [_funding_row(each, kit) for each in shown]


def _funding_row(held: FundingOffer | FundingCredit | FundingLoan, kit: Kit) -> Row:
    scale = kit.scales.of(held.symbol, "daily rate", RATE_DIGITS, PERCENT_SHIFT)
    rate = scale.see(held.rate)
    # An offer says it by its amount's sign, the others by their side; 0 is both at once.
    side = held.amount if isinstance(held, FundingOffer) else held.side
    return {
        "what": Cell(held.kind.removeprefix("funding_")),
        "symbol": kit.text(held.symbol, theme.BOLD),
        "side": kit.way(side, ("lend", "borrow")),
        "amount": kit.size("funding", held.symbol, held.amount),
        "rate": kit.nothing if rate is None else Cell(scale.text(rate)),
        "period": kit.text(integer(held.period)),
        "status": kit.text((held.status or "").lower(), theme.LABEL),
    }


def _cell(shown: Shown) -> Cell:
    return Cell(shown.text, shown.style)
