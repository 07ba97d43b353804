"""Which of an account's messages are wanted: the exchange's filters, and kinds of records."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from bfxstream.errors import UsageError
from bfxstream.protocol.account.records import AccountRecord, Wallet

_API_FILTER = re.compile(
    r"(trading)(?:-(t[A-Z0-9:]+))?|(funding)(?:-(f[A-Z0-9]+))?"
    r"|(wallet)(?:-([a-z]+-[A-Z0-9]+))?|(balance)|(notify)|(algo)"
)
"""API: ws-auth, channel filters."""

_BROUGHT_BY = {
    "order": "trading",
    "position": "trading",
    "trade": "trading",
    "wallet": "wallet",
    "balance": "balance",
    "margin_base": None,  # no filter is documented for these three
    "margin_symbol": None,
    "funding_info": None,
    "funding_offer": "funding",
    "funding_credit": "funding",
    "funding_loan": "funding",
    "funding_trade": "funding",
    "notification": "notify",
}
"""For each kind of record the exchange's filter that lets it through."""

WORDS = tuple(
    dict.fromkeys(("trading", "funding", "wallet", "balance", "notify", "algo", *_BROUGHT_BY))
)
"""Every filter that is of no one symbol or wallet."""


class _Word(Struct, frozen=True):
    """One filter: a kind, or what one of the exchange's filters brings, of one subject or all."""

    text: str
    kinds: tuple[str, ...]
    subject: str | None

    def admits(self, record: AccountRecord) -> bool:
        if record.kind not in self.kinds:
            return False
        return self.subject is None or self.subject == _subject_of(record)


class AccountFilter:
    """What the user wants of an account; without words everything."""

    def __init__(self, words: Sequence[str] = ()) -> None:
        """Raises UsageError for a word that is neither a filter of the API nor a kind."""
        self.words = list(words)
        self._words = [_parse(word) for word in words]

    def for_exchange(self) -> list[str]:
        """The filters to send with `auth`, those that bring all that is wanted; none for all."""
        filters: dict[str, None] = {}
        for word in self._words:
            brought_by = word.text if _API_FILTER.fullmatch(word.text) else _BROUGHT_BY[word.text]
            if brought_by is None:
                return []
            filters[brought_by] = None
        return list(filters)

    def kinds(self) -> frozenset[str]:
        """The kinds of records that can be wanted."""
        if not self._words:
            return frozenset(_BROUGHT_BY)
        return frozenset(kind for word in self._words for kind in word.kinds)

    def admits(self, record: AccountRecord) -> bool:
        """Whether a record is wanted."""
        return not self._words or any(word.admits(record) for word in self._words)


def _parse(text: str) -> _Word:
    match = _API_FILTER.fullmatch(text)
    if match:
        name, *subject = (group for group in match.groups() if group)
        # What `algo` brings is not documented: all of it is wanted.
        kinds = tuple(kind for kind, by in _BROUGHT_BY.items() if name in (by, "algo"))
        return _Word(text, kinds, subject[0] if subject else None)
    if text in _BROUGHT_BY:
        return _Word(text, (text,), None)
    raise UsageError(
        f"--filter: {text!r} is not a filter",
        hint=f"use trading, funding, wallet, balance, notify, algo, trading-tBTCUSD, funding-fUSD, "
        f"wallet-exchange-BTC, or a kind of record: {', '.join(_BROUGHT_BY)}",
    )


def _subject_of(record: AccountRecord) -> str | None:
    if isinstance(record, Wallet):
        return f"{record.wallet_type}-{record.currency}"
    subject: str | None = getattr(record, "symbol", None)
    return subject
