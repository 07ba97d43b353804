"""The exchange's lists of pairs and currencies (API: rest-public-conf)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any

from bfxstream.demo.instruments import Instrument
from bfxstream.protocol.numbers import js_text
from bfxstream.protocol.symbols import DERIVATIVE_CODE, codes_of

_LABELS = {
    "BTC": "Bitcoin",
    "DUSK": "Dusk Network",
    "ETH": "Ethereum",
    "EUR": "Euro",
    "LTC": "Litecoin",
    "SOL": "Solana",
    "TESTBTC": "Test BTC",
    "TESTUSD": "Test USD",
    "USD": "US Dollar",
    "UST": "Tether USDt",
    "XRP": "Ripple",
}
_COMMON = {"UST": "USDt", "USTF0": "USDt", "BTCF0": "BTC", "ETHF0": "ETH"}
"""Currencies that the world knows by another name."""

_WITHOUT_MARGIN = {"DUSK:USD", "TESTBTC:TESTUSD"}
INITIAL_MARGIN, MINIMUM_MARGIN = Decimal("0.2"), Decimal("0.1")
"""Shares of a position's worth: to open it, and to keep it."""

_SMALLEST, _LARGEST = Decimal("0.001"), Decimal(25_000)
"""Order sizes that are allowed, in middling orders."""


class Conf:
    """What each key of `conf` holds."""

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        listed = list(instruments)
        self._spot = [each for each in listed if not each.funding and not each.underlying]
        self._futures = [each for each in listed if each.underlying]
        self._funded = sorted(each.symbol[1:] for each in listed if each.funding)
        self._keys: dict[str, Callable[[], Sequence[Any]]] = {
            "pub:list:pair:exchange": lambda: _pairs(self._spot),
            "pub:list:pair:exchange:inactive": list,
            "pub:list:pair:margin": self._margin_pairs,
            "pub:list:pair:futures": lambda: _pairs(self._futures),
            "pub:list:currency": self._currencies,
            "pub:list:currency:margin": lambda: self._funded,
            "pub:list:currency:futures": lambda: _currencies(self._futures),
            "pub:list:currency:securities": list,
            "pub:list:currency:inactive": list,
            "pub:map:currency:sym": lambda: self._map(_COMMON.get),
            "pub:map:currency:label": lambda: self._map(_LABELS.get),
            "pub:map:currency:undl": lambda: self._map(_underlying),
            "pub:info:pair": self._pair_infos,
            "pub:info:pair:futures": self._futures_infos,
        }

    def get(self, key: str) -> Sequence[Any] | None:
        """The element of the answer for one key; None for an unknown one."""
        found = self._keys.get(key)
        return None if found is None else found()

    def _currencies(self) -> list[str]:
        return _currencies([*self._spot, *self._futures])

    def _margin_pairs(self) -> list[str]:
        return _pairs(each for each in self._spot if has_margin(each))

    def _map(self, name_of: Callable[[str], str | None]) -> list[list[str]]:
        names = ((code, name_of(code)) for code in self._currencies())
        return [[code, name] for code, name in names if name]

    def _pair_infos(self) -> list[list[Any]]:
        infos: list[list[Any]] = []
        for instrument in self._spot:
            margins = _margins() if has_margin(instrument) else (None, None)
            infos.append([instrument.symbol[1:], [*_sizes(instrument), *margins, None, None]])
        return infos

    def _futures_infos(self) -> list[list[Any]]:
        return [[each.symbol[1:], [*_sizes(each), *_margins()]] for each in self._futures]


def _pairs(instruments: Iterable[Instrument]) -> list[str]:
    return sorted(instrument.symbol[1:] for instrument in instruments)


def _currencies(instruments: Iterable[Instrument]) -> list[str]:
    return sorted({code for each in instruments for code in codes_of(each.symbol[1:])})


def _underlying(currency: str) -> str | None:
    return currency.removesuffix(DERIVATIVE_CODE) if currency.endswith(DERIVATIVE_CODE) else None


def _margins() -> tuple[float, float]:
    return float(INITIAL_MARGIN), float(MINIMUM_MARGIN)


def has_margin(instrument: Instrument) -> bool:
    """Whether a spot pair is traded on margin, too."""
    is_spot = not instrument.funding and not instrument.underlying
    return is_spot and instrument.symbol[1:] not in _WITHOUT_MARGIN


def order_sizes(instrument: Instrument) -> tuple[Decimal, Decimal]:
    """The least and the most that an order may be for."""
    amount = Decimal(instrument.amount)
    return amount * _SMALLEST, amount * _LARGEST


def _sizes(instrument: Instrument) -> list[str | None]:
    """The first eight elements of a pair's information, the order sizes among them."""
    sizes = map(js_text, order_sizes(instrument))
    return [None, None, None, *sizes, None, None, None]
