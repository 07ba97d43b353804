"""What a run shows to people: tables on the terminal, and a picture of them in a file."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bfxstream.cli.options import Settings, is_explicit
from bfxstream.cli.signals import Signals
from bfxstream.errors import BfxStreamError, UsageError
from bfxstream.output.descriptors import LineWriter
from bfxstream.output.files import check_writable, write_whole
from bfxstream.output.sink import Sink
from bfxstream.protocol.printable import printable
from bfxstream.stream.market import MarketStream

if TYPE_CHECKING:  # rich costs 90 ms
    from bfxstream.output.table.picture_sink import PictureSink
    from bfxstream.output.table.theme import Look
    from bfxstream.output.table.views import View
    from bfxstream.protocol.account.filters import AccountFilter

PICTURE = "picture"
"""The output of a run whose picture alone is wanted: nothing is printed."""


STANDARD_OUTPUT = "-"
"""The name of a picture that is printed."""


class Tables:
    """Whatever is subscribed, each in its own table."""

    clock: Callable[[], float] = staticmethod(time.monotonic)
    """The stream's."""

    def sink(
        self,
        stream: MarketStream,
        settings: Settings,
        signals: Signals,
        account: AccountFilter | None,
    ) -> Sink:
        """What draws on the terminal; `account` is what is wanted of that."""
        from bfxstream.output.table import TableSink  # noqa: PLC0415  rich costs 90 ms

        table = TableSink(
            stream.subscriptions,
            stream.books,
            stream.status,
            fields=settings.fields,
            account=account,
            color=False if settings.no_color else None,
            clock=self.clock,
        )
        signals.guard_screen(table.suspend, table.resume)
        return table

    def view(
        self, stream: MarketStream, settings: Settings, look: Look, account: AccountFilter | None
    ) -> View:
        """What is drawn in a picture."""
        from bfxstream.output.table.views import Views  # noqa: PLC0415

        return Views(stream.subscriptions, stream.books, look, settings.fields, account)


def resolve_picture(settings: Settings, output: str) -> str:
    """The output of a run that may have a picture; refused before anything is sent."""
    if settings.svg is None:
        if settings.size is not None and is_explicit("size"):
            raise UsageError("--size is that of a picture", hint="add --svg FILE")
        return output
    if output == "raw":
        if is_explicit("svg"):
            raise UsageError("--svg does not go with -o raw", hint="frames have no table")
        return output
    if settings.svg != STANDARD_OUTPUT:
        check_writable(Path(settings.svg))
    chosen = settings.json or settings.output != "auto"
    if output == PICTURE or (not chosen and output != "table"):
        return PICTURE
    if settings.svg == STANDARD_OUTPUT:
        raise UsageError(
            f"--svg - does not go with -o {output}: both are for standard output",
            hint="name a file, or leave -o out and use a pipe",
        )
    return output


def picture_sink(
    tables: Tables, stream: MarketStream, settings: Settings, account: AccountFilter | None
) -> PictureSink:
    """What draws the picture at the end."""
    from bfxstream.output.table.picture_sink import (  # noqa: PLC0415
        USUAL_SIZE,
        PictureSink,
        picture_look,
    )

    def size() -> tuple[int, int]:
        if settings.size is not None:
            return settings.size
        return _terminal_size() or USUAL_SIZE

    return PictureSink(
        tables.view(stream, settings, picture_look(), account),
        stream.status,
        title=_title(stream),
        size=size,
        save=_print
        if settings.svg == STANDARD_OUTPUT
        else partial(write_whole, Path(settings.svg or "")),
    )


def _print(picture: str) -> None:
    LineWriter(sys.stdout.fileno()).write(picture.encode())


def not_drawn(settings: Settings) -> BfxStreamError:
    """The error of a run that has ended well, but with nothing to draw."""
    return BfxStreamError(
        f"nothing was received: {settings.svg} is not drawn", hint="give it more time"
    )


def _terminal_size() -> tuple[int, int] | None:
    try:
        columns, rows = os.get_terminal_size(sys.stdout.fileno())
    except (OSError, ValueError):
        return None
    return columns, rows


def _title(stream: MarketStream) -> str:
    """The command and what it streams; options might hold a secret."""
    command = click.get_current_context().command_path
    if command.endswith(" stream"):
        words = [subscription.spec for subscription in stream.subscriptions]
    else:
        words = [s.symbol for s in stream.subscriptions if s.symbol not in ("", "global")]
    return printable(" ".join(dict.fromkeys([command, *words])))
