"""What flags and arguments hold: times, symbols, field lists."""

from __future__ import annotations

import re
from typing import Any

import click

from bfxstream.condition import Condition
from bfxstream.durations import parse_duration
from bfxstream.errors import UsageError
from bfxstream.protocol.channels import Subscription, parse_spec
from bfxstream.protocol.symbols import parse_symbol

SIZES = range(10, 501)
"""Columns and rows that a picture may have."""

_LONGEST = 36500 * 86400.0
"""Seconds: beyond a hundred years a typing error is likelier, and clocks overflow."""


class DurationType(click.ParamType[float]):
    """`30s`, `5m`, `2h`, `1d`, `500ms`; a bare number is seconds. Its value is seconds."""

    name = "time"

    def __init__(self, *, positive: bool = False) -> None:
        """`positive` where no time at all makes no sense."""
        self._positive = positive

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        if isinstance(value, (int, float)):
            return float(value)
        seconds = parse_duration(value)
        if seconds is None:
            self.fail(f"{value!r} is not a time: use 30s, 5m, 2h, or seconds", param, ctx)
        if seconds > _LONGEST:
            self.fail(f"{value!r} is too long: use {_LONGEST / 86400:.0f}d at most", param, ctx)
        if self._positive and seconds == 0:
            self.fail(f"{value!r} is no time at all: use 30s, 5m, 2h, or seconds", param, ctx)
        return seconds


class CountType(click.IntRange):
    """A whole number within bounds."""

    name = "number"


class SymbolType(click.ParamType[str]):
    """A symbol of the exchange, in any of the spellings that people use."""

    name = "symbol"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return parse_symbol(value)
        except UsageError as error:
            return self.fail(str(error), param, ctx)


class SpecType(click.ParamType[Subscription]):
    """A subscription such as `book:tBTCUSD:P0:F0:25`."""

    name = "spec"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Subscription:
        if isinstance(value, Subscription):
            return value
        try:
            return parse_spec(value)
        except UsageError as error:
            return self.fail(str(error), param, ctx)


class SizeType(click.ParamType[tuple[int, int]]):
    """`120x40`: columns and rows."""

    name = "size"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        match = re.fullmatch(r"([0-9]{1,4})x([0-9]{1,4})", value, re.ASCII)
        columns, rows = map(int, match.groups()) if match else (0, 0)
        if columns not in SIZES or rows not in SIZES:
            least, most = SIZES[0], SIZES[-1]
            self.fail(f"{value!r} is no size: use 120x40, each from {least} to {most}", param, ctx)
        return columns, rows


class FieldsType(click.ParamType[tuple[str, ...]]):
    """Names separated by commas."""

    name = "fields"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        names = tuple(name.strip() for name in value.split(","))
        if not all(names) or len(set(names)) < len(names):
            self.fail(f"{value!r}: give each name once, separated by commas", param, ctx)
        return names


class ConditionType(click.ParamType[Condition]):
    """What must be true of a record: `last_price > 70000`."""

    name = "expr"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Condition:
        if isinstance(value, Condition):
            return value
        try:
            return Condition(value)
        except UsageError as error:
            return self.fail(str(error), param, ctx)
