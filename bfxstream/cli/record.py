"""`bfxstream record`: what the exchange sends into a file, to be replayed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from bfxstream.cli.options import Settings, flag, option, streaming_options_but
from bfxstream.cli.progress import RecordProgress
from bfxstream.cli.recording import RecordOnly
from bfxstream.cli.run import run_stream
from bfxstream.cli.specs import read_specs
from bfxstream.cli.types import SpecType
from bfxstream.errors import UsageError
from bfxstream.protocol.channels import Subscription

_OF_OUTPUT = (
    *("output", "json", "fields", "no_snapshot", "timestamps", "seq", "events"),
    *("record", "no_color", "svg", "size"),
)
"""How records are printed: a replay has these options, and none are printed here."""


@click.command()
@click.argument("file", type=click.Path(dir_okay=False))
@click.argument("specs", metavar="[SPEC]...", nargs=-1, type=SpecType())
@option(
    "--from",
    "source",
    type=click.Path(),
    metavar="FILE",
    help="Read SPECs from a file, one a line; - is stdin.",
)
@flag("--force", help="Replace FILE, if there is one; else an existing file is refused.")
@streaming_options_but(*_OF_OUTPUT)
def record(
    file: str, specs: tuple[Subscription, ...], source: str | None, force: bool, **shared: Any
) -> int:
    """Record what the exchange sends about each SPEC into FILE.

    Every frame is kept as it came, with the time of its arrival and its connection, in JSON Lines:
    packed where FILE ends in .gz or .zst. bfxstream replay prints from it what a live run would
    have printed. What is in the file survives a crash: of a packed one all but the last second.
    With --rotate FILE is the pattern of the names: btc.jsonl.gz becomes
    btc-20261123T190000Z.jsonl.gz. A file without any data is not kept.

    \b
    Examples:
      bfxstream record btc.jsonl.gz trades:tBTCUSD book:tBTCUSD:P0:F0:25
      bfxstream record week.jsonl.zst --from specs.txt --rotate 1h
      bfxstream record hour.jsonl.gz ticker:tBTCUSD --duration 1h
    """
    subscriptions = [*specs, *(read_specs(source) if source is not None else ())]
    if not subscriptions:
        raise UsageError(
            f"nothing is to be recorded into {file!r}", hint="give a SPEC behind it, or --from FILE"
        )
    settings = replace(Settings(**shared), record=file)
    sink = RecordProgress(quiet=settings.quiet)
    return run_stream(subscriptions, settings, only_record=RecordOnly(sink, force))
