"""What a derivative's row says: its columns, and a status record as their text."""

from __future__ import annotations

from typing import Final

from bfxstream.output.table import theme
from bfxstream.output.table.columns import Column
from bfxstream.output.table.fields import Scales
from bfxstream.output.table.figures import PERCENT_SHIFT, RATE_DIGITS, number, time_of_day
from bfxstream.output.table.row_figures import (
    RowFigures,
    Shown,
    percent_change,
    scaled,
    signed_number,
)
from bfxstream.output.table.theme import Glyphs
from bfxstream.protocol.records import Deriv

PRICE_DIGITS: Final = 6
"""These prices are means, with more digits than the five that are traded at (API: price rules)."""
MINUTES: Final = 5
"""`HH:MM` of a time of day."""


def _read(record: Deriv, scales: Scales, glyphs: Glyphs) -> dict[str, Shown]:
    nothing, symbol = glyphs.nothing, record.symbol
    price = scales.of(symbol, "status price", PRICE_DIGITS)
    for token in (record.mark_price, record.deriv_price, record.spot_price):
        price.see(token)
    funding = scales.of(symbol, "funding", RATE_DIGITS, PERCENT_SHIFT)
    for token in (record.current_funding, record.next_funding_accrued):
        funding.see(token)
    return {
        "mark_price": scaled(record.mark_price, price, nothing, theme.BOLD),
        "deriv_price": scaled(record.deriv_price, price, nothing),
        "spot_price": scaled(record.spot_price, price, nothing),
        "basis": percent_change(_basis(record), glyphs),
        "current_funding": signed_number(record.current_funding, funding, nothing),
        "next_funding_accrued": signed_number(record.next_funding_accrued, funding, nothing),
        "next_funding": _next_funding(record, nothing),
        "open_interest": scaled(
            record.open_interest, scales.amount(symbol, "open_interest"), nothing
        ),
        "insurance": scaled(
            record.insurance_fund_balance, scales.amount(symbol, "insurance"), nothing
        ),
    }


def _basis(record: Deriv) -> float | None:
    """How far the contract is above what it stands for, as a fraction."""
    mark, spot = number(record.mark_price), number(record.spot_price)
    return mark / spot - 1 if mark is not None and spot else None


def _next_funding(record: Deriv, nothing: str) -> Shown:
    mts = number(record.next_funding_evt_mts)
    return Shown(nothing if mts is None else time_of_day(int(mts))[:MINUTES], None, theme.LABEL)


DERIVATIVES: Final = RowFigures(
    record=Deriv,
    title="Derivatives",
    columns=(
        Column("symbol", "SYMBOL", 0, left=True),
        Column("mark_price", "MARK", 1, least=8),
        Column("deriv_price", "BOOK", 4, least=8),
        Column("spot_price", "SPOT", 5, least=8),
        Column("basis", "BASIS", 6, least=9),
        Column("current_funding", "FUNDING", 2, least=8),
        Column("next_funding_accrued", "ACCRUED", 7, least=8),
        Column("next_funding", "NEXT UTC", 8, least=5),
        Column("open_interest", "INTEREST", 3, least=9),
        Column("insurance", "INSURANCE", 10, least=10),
        Column("age", "AGE", 9, least=3),
    ),
    read=_read,
    directed=frozenset(("mark_price", "deriv_price", "spot_price", "open_interest")),
    note="funding in %",
)
