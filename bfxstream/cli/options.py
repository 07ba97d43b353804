"""The options that every streaming command has, declared once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from bfxstream.capture.rotation import Rotation
from bfxstream.cli.types import (
    OUTPUTS,
    ConditionType,
    CountType,
    DurationType,
    FieldsType,
    OutputType,
    RotationType,
    SizeType,
)
from bfxstream.condition import Condition
from bfxstream.errors import UsageError

F = TypeVar("F", bound=Callable[..., Any])

TIME = DurationType()
ROTATION = RotationType()
SOME_TIME = DurationType(positive=True)


@dataclass(frozen=True)
class Settings:
    """What the shared options say, by their names."""

    output: str = "auto"
    json: bool = False
    fields: tuple[str, ...] | None = None
    count: int | None = None
    duration: float | None = None
    once: bool = False
    until: Condition | None = None
    timeout: float | None = None
    no_snapshot: bool = False
    timestamps: bool = False
    seq: bool = False
    events: bool = False
    stats: bool = False
    record: str | None = None
    rotate: Rotation | None = None
    url: str | None = None
    rest_url: str | None = None
    demo: bool = False
    retry_for: float | None = None
    no_reconnect: bool = False
    strict: bool = False
    quiet: bool = False
    verbose: bool = False
    debug: bool = False
    no_color: bool = False
    svg: str | None = None
    size: tuple[int, int] | None = None


def option(name: str, *more: str, **attributes: Any) -> Callable[[F], F]:
    """A click option that also reads `BFXSTREAM_<NAME>`."""
    long_name = next(text for text in (name, *more) if text.startswith("--"))
    variable = "BFXSTREAM_" + long_name.lstrip("-").replace("-", "_").upper()
    attributes.setdefault("show_default", "default" in attributes)
    return click.option(name, *more, envvar=variable, **attributes)


def flag(name: str, *more: str, help: str) -> Callable[[F], F]:
    """An option that is on or off."""
    return option(name, *more, is_flag=True, help=help)


LIST_OUTPUT = option(
    "--output",
    "-o",
    type=OutputType(["auto", "table", "jsonl", "csv"]),
    default="auto",
    help="auto: a table on a terminal, JSON Lines in a pipe.",
)
"""Of a command that prints a list, and has no frames to show."""
JSON = flag("--json", help="The same as -o jsonl.")
FIELDS = option(
    "--fields", type=FieldsType(), help="Only these keys (columns), in this order: a,b,c."
)
URL = option("--url", help="Another WebSocket endpoint.")
REST_URL = option("--rest-url", help="Another base of the REST API, for look-ups.")
DEMO = flag("--demo", help="Use the built-in demo exchange: no internet, no account.")
QUIET = flag("--quiet", "-q", help="Errors only.")
DEBUG = flag("--debug", help="Every frame, and tracebacks.")
NO_COLOR = flag("--no-color", help="No colour; NO_COLOR does the same.")

_OPTIONS = (
    option(
        "--output",
        "-o",
        type=OutputType(OUTPUTS),
        default="auto",
        help="auto: a table on a terminal, JSON Lines in a pipe. raw: the exchange's frames.",
    ),
    JSON,
    FIELDS,
    option("--count", "-n", type=CountType(min=1), help="Stop after this many records."),
    option("--duration", type=SOME_TIME, help="Stop after this time: 30s, 5m, 2h, or seconds."),
    flag("--once", help="Print one complete value for each subscription, then exit."),
    option(
        "--until",
        type=ConditionType(),
        help="Stop at the first record for which this holds: 'last_price > 70000'. Fields, "
        "numbers, 'text', comparisons, and, or, not.",
    ),
    option("--timeout", type=SOME_TIME, help="Give up (exit 1) when nothing came for this long."),
    flag("--no-snapshot", help="Leave out the records of the snapshot."),
    flag("--timestamps", help="Add received_mts (local clock) and server_mts (the exchange's)."),
    flag("--seq", help="Add seq, the exchange's sequence number."),
    flag("--events", help="Put lifecycle events into the stream as records."),
    flag("--stats", help="Print counters as one JSON object on standard error when done."),
    option(
        "--record",
        type=click.Path(dir_okay=False),
        metavar="FILE",
        help="Also record what is received, for replay; .gz and .zst pack it.",
    ),
    option(
        "--rotate",
        type=ROTATION,
        help="With --record: a new file, named after its time, so often: 1h, 100MB.",
    ),
    URL,
    REST_URL,
    DEMO,
    option(
        "--retry-for",
        type=TIME,
        help="How long to try without a connection  [default: 10s at first, then for ever]",
    ),
    flag("--no-reconnect", help="Exit 1 when the connection is lost."),
    flag("--strict", help="Exit 5 as soon as the stream cannot be shown to be complete."),
    QUIET,
    flag("--verbose", "-v", help="Every event of the connection."),
    DEBUG,
    NO_COLOR,
    option(
        "--svg",
        type=click.Path(),
        metavar="FILE",
        help="Draw the table as an SVG picture when the run ends; needs no terminal. - prints it.",
    ),
    option(
        "--size",
        type=SizeType(),
        help="Columns and rows of the picture, as 120x40  [default: the terminal's, or 100x30]",
    ),
)


def streaming_options(command: F) -> F:
    """Give a command every shared option; they arrive as keyword arguments (see `Settings`)."""
    for add in reversed(_OPTIONS):
        command = add(command)
    return command


def streaming_options_but(*names: str) -> Callable[[F], F]:
    """Every shared option but these, by their names in `Settings`."""

    def add(command: F) -> F:
        command = streaming_options(command)
        given: list[click.Parameter] = command.__click_params__  # type: ignore[attr-defined]
        given[:] = [each for each in given if each.name not in names]
        return command

    return add


_OF_RECORDS = ("output", "json", "fields", "no_snapshot", "timestamps", "seq", "events")
"""What says which records are printed, and how."""

screen_options = streaming_options_but(*_OF_RECORDS)
"""As `streaming_options`, for a command that prints no records."""


def screen_settings(shared: dict[str, Any], output: str) -> Settings:
    """What those options say."""
    return Settings(**{**shared, "output": output})


def is_explicit(option: str) -> bool:
    """Whether the option stands on the command line: it beats the environment's."""
    source = click.get_current_context().get_parameter_source(option)
    return source is click.core.ParameterSource.COMMANDLINE


def resolve_output(output: str, json: bool, is_terminal: bool) -> str:
    """The format of this run: `auto` is decided by the terminal, and by nothing else."""
    if json:
        if output not in ("auto", "jsonl") and is_explicit("output"):
            raise UsageError(f"--json and -o {output} exclude each other")
        return "jsonl"
    if output == "auto":
        return "table" if is_terminal else "jsonl"
    return output
