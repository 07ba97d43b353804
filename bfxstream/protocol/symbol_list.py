"""The exchange's list of symbols: read from its `conf` answer, searched by what people type."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import Raw, Struct

from bfxstream.protocol.decode import UNREADABLE
from bfxstream.protocol.numbers import NULL
from bfxstream.protocol.records import Symbol, SymbolKind
from bfxstream.protocol.symbols import DERIVATIVE_CODE, codes_of, is_symbol

_PAIRS: dict[str, SymbolKind] = {
    "pub:list:pair:exchange": "exchange",
    "pub:list:pair:margin": "margin",
    "pub:list:pair:futures": "futures",
}
_MARGIN_CURRENCIES = "pub:list:currency:margin"
_CURRENCIES = "pub:list:currency"
_COMMON_NAMES = "pub:map:currency:sym"
_SIZES = ("pub:info:pair", "pub:info:pair:futures")

CONF_KEYS = (*_PAIRS, _MARGIN_CURRENCIES, _CURRENCIES, _COMMON_NAMES, *_SIZES)
"""What to ask for, in the order of `read_conf` (API: rest-public-conf)."""

_MIN_SIZE, _MAX_SIZE = 3, 4
"""Where `pub:info:pair` has them among a pair's figures."""

_GLOB = frozenset("*?[")

Element = TypeVar("Element")


class SymbolList(Struct):
    """Every symbol, trading pairs before funding currencies, each in the order of the alphabet."""

    symbols: list[Symbol]
    codes: dict[str, list[str]]
    """The exchange's codes for a currency's common name: USDT is UST, and USTF0 in derivatives."""

    @property
    def names(self) -> list[str]:
        """The symbols alone."""
        return [symbol.symbol for symbol in self.symbols]


class _Named(Struct, array_like=True):
    code: str
    name: str


class _Pair(Struct, array_like=True):
    pair: str
    figures: list[Raw]


def read_conf(lists: Sequence[Raw]) -> SymbolList:
    """The list in the exchange's answer to CONF_KEYS; one that it does not know counts as empty."""
    answer = dict(zip(CONF_KEYS, lists, strict=True))
    kinds: dict[str, list[SymbolKind]] = {}
    for key, kind in _PAIRS.items():
        for pair in _read(answer[key], list[str]):
            kinds.setdefault(f"t{pair}", []).append(kind)
    # What can be borrowed for margin trading is what funding is offered in.
    currencies = _read(answer[_MARGIN_CURRENCIES], list[str]) or _read(
        answer[_CURRENCIES], list[str]
    )
    for currency in currencies:
        if not currency.endswith(DERIVATIVE_CODE):
            kinds.setdefault(f"f{currency}", []).append("funding")
    sizes = {row.pair: row.figures for key in _SIZES for row in _read(answer[key], list[_Pair])}
    symbols = [_symbol(name, kinds[name], sizes) for name in kinds if is_symbol(name)]
    symbols.sort(key=lambda symbol: ("funding" in symbol.kind, symbol.symbol))
    codes: dict[str, list[str]] = {}
    for named in _read(answer[_COMMON_NAMES], list[_Named]):
        codes.setdefault(named.name.upper(), []).append(named.code)
    return SymbolList(symbols, codes)


def _symbol(name: str, kinds: list[SymbolKind], sizes: dict[str, list[Raw]]) -> Symbol:
    funding = "funding" in kinds
    base, quote = (name[1:], None) if funding else codes_of(name[1:])
    figures = [] if funding else sizes.get(name[1:], [])
    return Symbol(
        symbol=name,
        kind=list(dict.fromkeys(kinds)),
        base=base,
        quote=quote,
        min_order_size=_size(figures, _MIN_SIZE),
        max_order_size=_size(figures, _MAX_SIZE),
    )


def _size(figures: list[Raw], place: int) -> Raw:
    """A figure that the exchange gives as text, as a number token; null where it has none."""
    if place >= len(figures):
        return NULL
    token = bytes(figures[place]).strip(b'"')
    try:
        msgspec.json.decode(token, type=float)
    except UNREADABLE:
        return NULL
    return Raw(token)


def _read(raw: Raw, layout: type[list[Element]]) -> list[Element]:
    found: Any
    try:
        found = msgspec.json.decode(raw, type=layout)
    except UNREADABLE:
        return []
    return list(found)


def matches(symbol: str, pattern: str) -> bool:
    """Whether a glob matches the symbol, or any other text is a part of it.

    Capitals, the leading `t` or `f`, and the colon (or a slash) may be left out or not.
    """
    wanted = pattern.lower().replace("/", ":")
    name = symbol.lower()
    if _GLOB.isdisjoint(wanted):
        return wanted in name or wanted.replace(":", "") in name.replace(":", "")
    spellings = (name, name[1:], name.replace(":", ""), name[1:].replace(":", ""))
    return any(fnmatch.fnmatchcase(spelling, wanted) for spelling in spellings)
