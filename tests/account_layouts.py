"""The messages of channel 0 as the API lays them out: how long each row is, and what stands where.

A word for each element: `int`, `num`, `text`, `bit` (0 or 1), `object`; `_` must be null, and
with `?` an element may be.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

ROWS = {
    "order": "int int? int text int int num num text text? int? _ int text _ _ "
    "num num num num _ _ _ bit bit int? _ _ text _ _ object?",
    "position": "text text num num num bit num? num? num? num? _ int int? int? _ bit "
    "_ num num? object",
    "trade": "int text int int num num text num side num? text? int",
    "wallet": "text text num num num? text? object?",
    "balance": "num num",
    "margin base": "num num num num num",
    "margin symbol": "num num num num _ _ _ _",
    "notification": "num text int? _ any? int? text text",
}
KINDS = {
    **dict.fromkeys(("os", "on", "ou", "oc"), "order"),
    **dict.fromkeys(("ps", "pn", "pu", "pc"), "position"),
    **dict.fromkeys(("te", "tu"), "trade"),
    **dict.fromkeys(("ws", "wu"), "wallet"),
    "bu": "balance",
    "n": "notification",
}
STATUSES = (
    *("ACTIVE", "EXECUTED", "PARTIALLY FILLED", "CANCELED", "INSUFFICIENT BALANCE"),
    *("POSTONLY CANCELED", "FILLORKILL CANCELED", "IOC CANCELED"),
)


def check_message(code: str, payload: Any) -> None:
    """Fail where a message is not as the API has it; a kind that is not listed fails, too."""
    if code in ("fos", "fcs", "fls"):
        assert payload == []
    elif code in ("os", "ps", "ws"):
        for row in payload:
            check_row(KINDS[code], row)
    elif code == "miu":
        scope, *symbol, row = payload
        assert (scope, len(symbol)) in (("base", 0), ("sym", 1)), payload
        check_row("margin base" if scope == "base" else "margin symbol", row)
    else:
        check_row(KINDS[code], payload)
        _check_values(code, payload)


def check_row(kind: str, row: Sequence[Any], *, mostly_null: bool = False) -> None:
    """Fail where a row has not the length, or an element not the type, that its kind has."""
    words = ROWS[kind].split()
    assert len(row) == len(words), (kind, row)
    for index, (word, value) in enumerate(zip(words, row, strict=True)):
        assert _fits(word, value) or (mostly_null and value is None), (kind, index, word, value)


def _fits(word: str, value: Any) -> bool:
    if value is None:
        return word == "_" or word.endswith("?")
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    match word.rstrip("?"):
        case "int":
            return is_number and value == int(value)
        case "num":
            return is_number
        case "text":
            return isinstance(value, str)
        case "bit":
            return is_number and value in (0, 1)
        case "side":
            return is_number and value in (1, -1)
        case "object":
            return isinstance(value, dict)
    return word == "any?"


def _check_values(code: str, row: Sequence[Any]) -> None:
    """What a code says of its row, besides the layout."""
    if code in ("on", "ou", "oc"):
        assert row[13].startswith(STATUSES), row
    elif code in ("te", "tu"):
        assert (row[9] is None, row[10] is None) == (code == "te",) * 2, row
    elif code in ("pn", "pu", "pc"):
        assert row[1] == ("CLOSED" if code == "pc" else "ACTIVE"), row
        assert (row[2] == 0) == (code == "pc"), row
    elif code == "n":
        assert row[6] in ("SUCCESS", "ERROR", "FAILURE"), row
        several = row[1] == "oc_multi-req" and row[6] == "SUCCESS"
        for order in row[4] if several else [row[4]]:
            check_row("order", order, mostly_null=row[6] != "SUCCESS")
