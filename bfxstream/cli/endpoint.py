"""Which exchange a command speaks to: the real one, the demo exchange, or another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from bfxstream.cli.options import is_explicit
from bfxstream.cli.time_scale import time_scale
from bfxstream.errors import UsageError
from bfxstream.stream import policy
from bfxstream.stream.connect import check_url
from bfxstream.stream.network import rest_base


class Endpoint(NamedTuple):
    """Where to stream from, and where to look things up."""

    url: str
    rest_base: str
    demo: bool
    """Whether it is the embedded demo exchange, on another port in every run."""


@contextmanager
def endpoint(url: str | None, rest_url: str | None, demo: bool) -> Iterator[Endpoint]:
    """The exchange of this run; the demo exchange lives as long as the run does.

    Raises UsageError where both are named, and neither is nearer to the user than the other.
    """
    if demo and url is not None and is_explicit("url") == is_explicit("demo"):
        if is_explicit("url"):
            raise UsageError("--demo and --url exclude each other")
        raise UsageError("BFXSTREAM_DEMO and BFXSTREAM_URL are both set", hint="unset one of them")
    if not demo or is_explicit("url"):
        given = check_url(policy.PUBLIC_URL if url is None else url)
        yield Endpoint(given, rest_base(given, rest_url), demo=False)
        return
    from bfxstream.demo import DemoExchange  # noqa: PLC0415  asyncio and websockets cost 100 ms

    with DemoExchange(heartbeat=15.0 * time_scale(), lived_in=True) as exchange:
        yield Endpoint(exchange.url, rest_base(exchange.url, rest_url), demo=True)
