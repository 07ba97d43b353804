"""A seeded demo exchange for the tests of one worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bfxstream.demo import DemoExchange


@pytest.fixture(scope="session")
def exchange() -> Iterator[DemoExchange]:
    """A lively market on a free port of loopback."""
    with DemoExchange(seed=7, rate=300) as running:
        yield running
