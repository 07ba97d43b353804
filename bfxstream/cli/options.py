"""The options that every streaming command has, declared once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from bfxstream.cli.types import DurationType, FieldsType

F = TypeVar("F", bound=Callable[..., Any])

TIME = DurationType()


@dataclass(frozen=True)
class Settings:
    """What the shared options say, by their names."""

    output: str
    json: bool
    fields: tuple[str, ...] | None
    count: int | None
    duration: float | None
    once: bool
    timeout: float | None
    no_snapshot: bool
    timestamps: bool
    seq: bool
    events: bool
    stats: bool
    url: str | None
    demo: bool
    retry_for: float | None
    no_reconnect: bool
    strict: bool
    quiet: bool
    verbose: bool
    debug: bool
    no_color: bool


def option(name: str, *more: str, **attributes: Any) -> Callable[[F], F]:
    """A click option that also reads `BFXSTREAM_<NAME>`."""
    long_name = next(text for text in (name, *more) if text.startswith("--"))
    variable = "BFXSTREAM_" + long_name.lstrip("-").replace("-", "_").upper()
    attributes.setdefault("show_default", "default" in attributes)
    return click.option(name, *more, envvar=variable, **attributes)


def flag(name: str, *more: str, help: str) -> Callable[[F], F]:
    """An option that is on or off."""
    return option(name, *more, is_flag=True, help=help)


_OPTIONS = (
    option(
        "--output",
        "-o",
        type=click.Choice(["auto", "table", "jsonl", "csv", "raw"]),
        default="auto",
        help="auto: a table on a terminal, JSON Lines in a pipe. raw: the exchange's frames.",
    ),
    flag("--json", help="The same as -o jsonl."),
    option("--fields", type=FieldsType(), help="Only these keys (columns), in this order: a,b,c."),
    option("--count", "-n", type=click.IntRange(min=1), help="Stop after this many records."),
    option("--duration", type=TIME, help="Stop after this time: 30s, 5m, 2h, or seconds."),
    flag("--once", help="Print one complete value for each subscription, then exit."),
    option("--timeout", type=TIME, help="Give up (exit 1) when nothing came for this long."),
    flag("--no-snapshot", help="Leave out the records of the snapshot."),
    flag("--timestamps", help="Add received_mts (local clock) and server_mts (the exchange's)."),
    flag("--seq", help="Add seq, the exchange's sequence number."),
    flag("--events", help="Put lifecycle events into the stream as records."),
    flag("--stats", help="Print counters as one JSON object on standard error when done."),
    option("--url", help="Another WebSocket endpoint."),
    flag("--demo", help="Use the built-in demo exchange: no internet, no account."),
    option(
        "--retry-for",
        type=TIME,
        help="How long to try without a connection  [default: 10s at first, then for ever]",
    ),
    flag("--no-reconnect", help="Exit 1 when the connection is lost."),
    flag("--strict", help="Exit 5 as soon as the stream cannot be shown to be complete."),
    flag("--quiet", "-q", help="Errors only."),
    flag("--verbose", "-v", help="Every event of the connection."),
    flag("--debug", help="Every frame, and tracebacks."),
    flag("--no-color", help="No colour; NO_COLOR does the same."),
)


def streaming_options(command: F) -> F:
    """Give a command every shared option; they arrive as keyword arguments (see `Settings`)."""
    for add in reversed(_OPTIONS):
        command = add(command)
    return command
