"""A run that is recorded: where to, and what is said about it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from bfxstream.capture.steps import Begun
from bfxstream.capture.writer import CaptureWriter
from bfxstream.cli.options import Settings
from bfxstream.cli.progress import RecordProgress
from bfxstream.cli.stderr import say
from bfxstream.cli.time_scale import time_scale
from bfxstream.errors import UsageError
from bfxstream.protocol.channels import Subscription
from bfxstream.stream.account_link import AccountAccess
from bfxstream.stream.network import without_secrets
from bfxstream.stream.options import StreamOptions
from bfxstream.stream.recording import Recorder
from bfxstream.stream.world import World


class RecordOnly(Struct):
    """A run that is recorded and not printed: `bfxstream record`."""

    sink: RecordProgress
    force: bool
    """Replace what the file has."""


@contextmanager
def recording(
    settings: Settings,
    options: StreamOptions,
    subscriptions: Sequence[Subscription],
    only: RecordOnly | None,
    account: AccountAccess | None,
) -> Iterator[Recorder]:
    """The recorder of this run, which is to be recorded; its file is whole at the end, or
    gone where nothing was received.

    Raises UsageError for a file that cannot be had.
    """
    if settings.record == "-":
        raise UsageError(
            "a recording does not go to -",
            hint="give a file, or /dev/stdout where that is a pipe; a file named so is ./-",
        )
    seed = secrets.randbits(32)
    recorder = Recorder(World(), seed, account.hidden if account else None)
    writer = CaptureWriter(
        Path(settings.record or ""),
        Begun(
            id=secrets.token_hex(8),
            mts=recorder.begun.mts,
            us=recorder.begun.us,
            url=without_secrets(options.url),
            subscriptions=[each.spec for each in dict.fromkeys(subscriptions)],
            seed=seed,
            time_scale=time_scale(),
            reconnect=options.reconnect,
            retry_for=options.retry_for,
            account_url=without_secrets(account.url) if account else None,
            account_filters=account.wanted.words if account else [],
        ),
        rotation=settings.rotate,
        force=only is not None and only.force,
    )
    recorder.write_to(writer)
    if only is not None:
        only.sink.writer = writer
    try:
        yield recorder
    finally:
        recorder.close(ended=not writer.failed)
        kept = writer.failed or not writer.discard_empty()
        if only is not None:
            only.sink.conclude(kept=kept)
        elif not kept and not settings.quiet:
            say(f"received no data: {settings.record} is not kept")
