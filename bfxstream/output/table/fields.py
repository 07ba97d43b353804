"""Record keys as columns: which ones a view has, and each one's value as text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Raw, Struct

from bfxstream.output.table.columns import Column
from bfxstream.output.table.figures import AMOUNT_DIGITS, PRICE_DIGITS, Scale, number
from bfxstream.protocol.numbers import is_null, text

PRICE_KEYS: Final = frozenset(
    (
        *("bid", "ask", "last_price", "high", "low", "daily_change", "price", "frr", "rate"),
        *("open", "close", "deriv_price", "spot_price", "mark_price"),
        *("base_price", "liquidation_price"),
    )
)
WHOLE_KEYS: Final = frozenset(
    (
        *("first_trade", "bid_period", "ask_period", "mts"),
        *("next_funding_evt_mts", "next_funding_step", "is_match", "is_market_sold"),
    )
)
TYPICAL_NUMBER: Final = 8
TEXT_KEYS: Final = frozenset(("channel", "symbol", "type", "timeframe"))


class Scales:
    """The scale of each symbol's prices, amounts and whatever else has decimals."""

    def __init__(self) -> None:
        self._scales: dict[tuple[str, str], Scale] = {}

    def of(self, symbol: str, group: str, digits: int, shift: int = 0) -> Scale:
        """The symbol's scale for this group of numbers, made when first asked for."""
        key = (symbol, group)
        scale = self._scales.get(key)
        if scale is None:
            scale = self._scales[key] = Scale(digits, shift)
        return scale

    def price(self, symbol: str) -> Scale:
        """The scale that all prices of the symbol share."""
        return self.of(symbol, "price", PRICE_DIGITS)

    def amount(self, symbol: str, key: str = "amount") -> Scale:
        """The scale of one kind of amount of the symbol."""
        return self.of(symbol, key, AMOUNT_DIGITS)


def chosen(fields: Sequence[str] | None, *kinds: type[Struct]) -> list[str] | None:
    """Those of the fields that one of these records has; None where nothing is chosen."""
    if fields is None:
        return None
    known = {name for kind in kinds for name in kind.__struct_fields__}
    return [name for name in fields if name in known] or None


def field_columns(names: Sequence[str]) -> list[Column]:
    """Columns with the record's own keys as headers; the last one is dropped first."""
    return [
        Column(name, name, rank, left=name in TEXT_KEYS, least=_typical_width(name))
        for rank, name in enumerate(names)
    ]


def _typical_width(name: str) -> int:
    return 0 if name in TEXT_KEYS | WHOLE_KEYS else TYPICAL_NUMBER


def field_scaler(scales: Scales, symbol: str, name: str) -> Callable[[Raw], str]:
    """How this symbol's values of a key become text."""
    if name in WHOLE_KEYS:
        return text
    scale = scales.price(symbol) if name in PRICE_KEYS else scales.amount(symbol, name)

    def show(token: Raw) -> str:
        value = scale.see(token)
        return text(token) if value is None else scale.text(value)

    return show


def field_text(record: Struct, name: str, scales: Scales, nothing: str) -> str:
    """One value of a record as a table shows it."""
    value = getattr(record, name, None)
    if isinstance(value, Raw):
        if is_null(value):
            return nothing
        return field_scaler(scales, record.symbol, name)(value)  # type: ignore[attr-defined]
    return str(value) if isinstance(value, (str, int)) else nothing


def field_value(record: Struct, name: str) -> float | None:
    """The number that a key has, to tell whether it went up or down."""
    return number(getattr(record, name, None))
