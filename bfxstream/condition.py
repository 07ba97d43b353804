"""A condition over a record's fields, such as `last_price > 70000 and bid_size >= 2`.

A grammar of our own, of which nothing is ever evaluated by Python:

    condition  = part { "or" part }            part = piece { "and" piece }
    piece      = "not" piece | comparison | "(" condition ")"
    comparison = value operator value { operator value }
    value      = FIELD | NUMBER | STRING | "(" value ")"

Numbers are compared exactly, as decimals. Nothing is known of what is null, or of a field that a
record does not have: neither a comparison with it holds nor its contrary (as NULL in SQL).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import NamedTuple, NoReturn

from msgspec import Raw

from bfxstream.errors import UsageError
from bfxstream.protocol.numbers import decimal

LONGEST = 1000
"""Characters of a condition."""

DEEPEST = 50
"""Parentheses, and `not`, within each other."""

_EXCERPT = 40
"""Characters on each side of a fault that are said again."""

_OPERATORS = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_TOKEN = re.compile(
    r"""\s*(?:(?P<number>[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    |(?P<text>'[^']*'|"[^"]*")
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<operator>[=!<>]=|[<>])
    |(?P<parenthesis>[()])
    |(?P<end>\Z)
    |(?P<unknown>&&|\|\||.))""",
    re.VERBOSE | re.DOTALL,
)
_INSTEAD = {"=": "==", "&&": "and", "&": "and", "||": "or", "|": "or", "!": "not"}
_KEYWORDS = ("and", "or", "not")
_TOKENS_OF_WORDS = {b"null": None, b"true": 1, b"false": 0}

Kinds = Mapping[str, frozenset[str]]
"""What a field can be, by its name: `number`, `text`, both, or neither (a list)."""


class Condition:
    """What `--until` says. Raises UsageError that names the place where it is at fault."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._root = _Parser(text).parse()

    def holds(self, record: object) -> bool:
        """Whether it is true of this record, as far as its fields tell."""
        return self._root.verdict(record) is True

    def check(self, kinds: Kinds) -> None:
        """Raise UsageError for a field that is not among these, or cannot be compared so."""
        for comparison in self._root.comparisons():
            sides = [side.kinds(kinds) for side in (comparison.left, comparison.right)]
            if not sides[0] & sides[1]:
                raise UsageError(
                    f"--until cannot compare {comparison.left} with {comparison.right}",
                    hint="numbers go with numbers, and text in quotes with text",
                )

    def fields(self) -> list[str]:
        """The names of the fields that it looks at, once each."""
        sides = (side for each in self._root.comparisons() for side in (each.left, each.right))
        return list(dict.fromkeys(side.name for side in sides if isinstance(side, _Field)))


@dataclass(frozen=True)
class _Field:
    name: str

    def of(self, record: object) -> Decimal | int | str | None:
        value = getattr(record, self.name, None)
        if isinstance(value, Raw):
            token = bytes(value)
            return _TOKENS_OF_WORDS[token] if token in _TOKENS_OF_WORDS else _number(value)
        return value if isinstance(value, (int, str)) else None

    def kinds(self, known: Kinds) -> frozenset[str]:
        return known[self.name]

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class _Literal:
    value: Decimal | str

    def of(self, _record: object) -> Decimal | str:
        return self.value

    def kinds(self, _known: Kinds) -> frozenset[str]:
        return frozenset(("text" if isinstance(self.value, str) else "number",))

    def __str__(self) -> str:
        return repr(self.value) if isinstance(self.value, str) else str(self.value)


_Value = _Field | _Literal


@dataclass(frozen=True)
class _Comparison:
    left: _Value
    operator: str
    right: _Value

    def verdict(self, record: object) -> bool | None:
        left, right = self.left.of(record), self.right.of(record)
        if left is None or right is None or isinstance(left, str) is not isinstance(right, str):
            return None
        return bool(_OPERATORS[self.operator](left, right))

    def comparisons(self) -> Iterator[_Comparison]:
        yield self


@dataclass(frozen=True)
class _Not:
    part: _Node

    def verdict(self, record: object) -> bool | None:
        verdict = self.part.verdict(record)
        return None if verdict is None else not verdict

    def comparisons(self) -> Iterator[_Comparison]:
        return self.part.comparisons()


@dataclass(frozen=True)
class _Joined:
    """Parts of which one decides (`and`: one that is false), or else all."""

    parts: tuple[_Node, ...]
    decided_by: bool

    def verdict(self, record: object) -> bool | None:
        verdict: bool | None = not self.decided_by
        for part in self.parts:
            found = part.verdict(record)
            if found is self.decided_by:
                return found
            if found is None:
                verdict = None
        return verdict

    def comparisons(self) -> Iterator[_Comparison]:
        for part in self.parts:
            yield from part.comparisons()


_Node = _Comparison | _Not | _Joined
_Parse = Callable[[], _Node | _Value]


class _Token(NamedTuple):
    kind: str
    text: str
    position: int


class _Parser:
    """Recursive descent, a method for each line of the grammar."""

    def __init__(self, text: str) -> None:
        self._text = text
        if len(text) > LONGEST:
            raise UsageError(f"a condition of {len(text)} characters", hint=f"at most {LONGEST}")
        self._depth = 0
        self._tokens = self._scan()
        self._token = next(self._tokens)

    def parse(self) -> _Node:
        node = self._node(self._either)
        if self._token.kind != "end":
            self._fail(f"{self._token.text!r} cannot stand there")
        return node

    def _either(self) -> _Node | _Value:
        return self._joined("or", self._both)

    def _both(self) -> _Node | _Value:
        return self._joined("and", self._piece)

    def _joined(self, word: str, parse_part: _Parse) -> _Node | _Value:
        first = parse_part()
        if self._token.text != word:
            return first
        parts = [self._node(lambda: first)]
        while self._token.text == word:
            self._advance()
            parts.append(self._node(parse_part))
        return _Joined(tuple(parts), decided_by=word == "or")

    def _node(self, parse: _Parse) -> _Node:
        """What can be true; a mere value cannot."""
        found = parse()
        if isinstance(found, _Value):
            self._fail(f"{found} must be compared with something")
        return found

    def _piece(self) -> _Node | _Value:
        if self._token.text == "not":
            self._advance()
            with self._deeper():
                return _Not(self._node(self._piece))
        left = self._value()
        if self._token.kind != "operator":
            return left
        chain: list[_Node] = []
        while self._token.kind == "operator":
            if not isinstance(left, _Value):
                self._fail("a condition in parentheses is no value")
            sign = self._advance().text
            right = self._value()
            if not isinstance(right, _Value):
                self._fail("a condition in parentheses is no value")
            chain.append(_Comparison(left, sign, right))
            left = right
        return chain[0] if len(chain) == 1 else _Joined(tuple(chain), decided_by=False)

    def _value(self) -> _Node | _Value:
        """A value, or whatever stands in parentheses."""
        if self._token.text == "(":
            self._advance()
            with self._deeper():
                inside = self._either()
            if self._token.text != ")":
                self._fail("a ) is missing")
            self._advance()
            return inside
        if self._token.kind not in ("number", "text", "word") or self._token.text in _KEYWORDS:
            self._fail("a value is missing")
        token = self._advance()
        if token.kind == "word":
            return _Field(token.text)
        if token.kind == "text":
            return _Literal(token.text[1:-1])
        try:
            return _Literal(Decimal(token.text))
        except InvalidOperation:
            self._fail("this number is out of all bounds", token)

    @contextmanager
    def _deeper(self) -> Iterator[None]:
        self._depth += 1
        if self._depth > DEEPEST:
            self._fail(f"more than {DEEPEST} conditions within each other")
        yield
        self._depth -= 1

    def _advance(self) -> _Token:
        token, self._token = self._token, next(self._tokens)
        return token

    def _scan(self) -> Iterator[_Token]:
        for match in _TOKEN.finditer(self._text):
            kind = match.lastgroup or "end"
            token = _Token(kind, match[kind], match.start(kind) + 1)
            if kind == "unknown":
                self._fail_unknown(token)
            yield token

    def _fail_unknown(self, token: _Token) -> NoReturn:
        if token.text in "'\"":
            self._fail("this text has no end", token)
        instead = _INSTEAD.get(token.text)
        known = f"; write {instead}" if instead else ""
        self._fail(f"{token.text!r} is not understood{known}", token)

    def _fail(self, why: str, token: _Token | None = None) -> NoReturn:
        position = (token or self._token).position
        begin = max(0, position - 1 - _EXCERPT)
        excerpt = self._text[begin : position - 1 + _EXCERPT]
        raise UsageError(
            f"{excerpt!r}, at character {position}: {why}",
            hint="use fields, numbers, 'text', == != < <= > >=, and, or, not, and parentheses",
        )


def _number(token: Raw) -> Decimal | None:
    try:
        return decimal(token)
    except ValueError:
        return None  # an object or a list of the exchange's
