"""What flags and arguments hold: times, symbols, field lists."""

from __future__ import annotations

import math
import re
from datetime import datetime, timezone
from typing import Any, NamedTuple

import click

from bfxstream.capture.rotation import Rotation
from bfxstream.condition import Condition
from bfxstream.durations import parse_duration
from bfxstream.errors import UsageError
from bfxstream.protocol.channels import Subscription, parse_spec
from bfxstream.protocol.symbols import parse_symbol

SIZES = range(10, 501)
"""Columns and rows that a picture may have."""
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)(B|kB|MB|GB)", re.ASCII | re.IGNORECASE)
_SPEED = re.compile(r"([0-9]+(?:\.[0-9]+)?)x?", re.ASCII)
_MTS_DIGITS = 13
_BYTES = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9}

_LONGEST = 36500 * 86400.0
"""Seconds: beyond a hundred years a typing error is likelier, and clocks overflow."""


OUTPUTS = ("auto", "table", "jsonl", "csv", "raw")


class OutputType(click.Choice[str]):
    """The formats that a command has; one of others, named in the environment, is `auto`."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value in OUTPUTS and value not in self.choices and _is_from_environment(param, ctx):
            return "auto"
        return super().convert(value, param, ctx)


def _is_from_environment(param: click.Parameter | None, ctx: click.Context | None) -> bool:
    if param is None or param.name is None or ctx is None:
        return False
    return ctx.get_parameter_source(param.name) is click.core.ParameterSource.ENVIRONMENT


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


class RotationType(click.ParamType[Rotation]):
    """`1h`, `30m`: a time; `100MB`, `2GB`: a size, in powers of ten."""

    name = "time or size"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Rotation:
        if isinstance(value, Rotation):
            return value
        if match := _SIZE.fullmatch(value.strip()):
            rotation = Rotation(size=int(float(match[1]) * _BYTES[match[2].lower()]))
        else:
            rotation = Rotation(seconds=parse_duration(value))
        if not rotation.seconds and not rotation.size:
            self.fail(f"{value!r} is neither a time nor a size: use 1h or 100MB", param, ctx)
        return rotation


class When(NamedTuple):
    """A moment: so many seconds after the beginning, or at a time in ms since 1970."""

    after: float | None = None
    mts: float | None = None

    def at(self, begun_mts: float) -> float:
        """In ms since 1970, of what began then."""
        if self.mts is not None:
            return self.mts
        return begun_mts + (self.after or 0.0) * 1000


class WhenType(click.ParamType[When]):
    """`2026-11-23T19:00:00Z` (UTC without a zone), `1795461051344` ms, or `5m` into it."""

    name = "when"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> When:
        if isinstance(value, When):
            return value
        text = value.strip()
        if text.isdecimal() and len(text) == _MTS_DIGITS:
            return When(mts=float(text))
        if (seconds := parse_duration(text)) is not None:
            return When(after=seconds)
        try:
            moment = datetime.fromisoformat(re.sub("[zZ]$", "+00:00", text))
        except ValueError:
            self.fail(
                f"{value!r} is no moment: use 2026-11-23T19:00:00Z, ms since 1970, or 5m for five "
                "minutes into the recording",
                param,
                ctx,
            )
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=timezone.utc)
        return When(mts=moment.timestamp() * 1000)


class SpeedType(click.ParamType[float]):
    """`1x`, `10x`, `0.5x`, or `max`, which is infinity."""

    name = "speed"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        if isinstance(value, float):
            return value
        match = _SPEED.fullmatch(value.strip())
        speed = math.inf if value == "max" else float(match[1]) if match else 0.0
        if not speed:
            self.fail(f"{value!r} is no speed: use 1x, 10x or max", param, ctx)
        return speed


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
