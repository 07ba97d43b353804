"""The symbols that somebody may have meant who typed one that does not exist."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from bfxstream.protocol.symbol_list import SymbolList
from bfxstream.protocol.symbols import Market, market_of, trading_symbol

MOST = 3
_ALIKE = 0.75
_AS_ALIKE = 0.1
"""How much less alike than the nearest another one may be, to be named beside it."""

_SHORTEST_CODE = 3


def nearest(symbol: str, known: SymbolList) -> list[str]:
    """At most three symbols of the list, the likeliest first; none where this one is in it.

    The same two currencies spelled otherwise (another order, a colon, the common name of one)
    are meant more likely than a name that merely looks alike.
    """
    names = known.names
    if symbol in names:
        return []
    respelled = [
        other for other in dict.fromkeys(_respellings(symbol, known.codes)) if other in names
    ]
    return respelled[:MOST] or _alike(symbol, names)


def _respellings(symbol: str, codes: Mapping[str, Sequence[str]]) -> Iterator[str]:
    def spellings(code: str) -> list[str]:
        return [code, *sorted(codes.get(code, ()), key=len)]

    body = symbol[1:]
    if market_of(symbol) is Market.FUNDING:
        yield from (f"f{code}" for code in spellings(body))
        return
    for left, right in _cuts(body):
        for base, quote in product(spellings(left), spellings(right)):
            yield trading_symbol(base, quote)
            yield trading_symbol(quote, base)


def _cuts(body: str) -> Iterator[tuple[str, str]]:
    """The two codes of a pair, or every way to cut it where no colon tells."""
    base, colon, quote = body.partition(":")
    if colon:
        yield base, quote
        return
    for cut in range(_SHORTEST_CODE, len(body) - _SHORTEST_CODE + 1):
        yield body[:cut], body[cut:]


def _alike(symbol: str, names: list[str]) -> list[str]:
    def likeness(name: str) -> float:
        return difflib.SequenceMatcher(None, symbol, name).ratio()

    near = difflib.get_close_matches(symbol, names, n=MOST, cutoff=_ALIKE)
    return [name for name in near if likeness(name) >= likeness(near[0]) - _AS_ALIKE]
