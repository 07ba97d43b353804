"""A running demo exchange for every test of the protocol, and a client of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from demo_client import Client

from bfxstream.demo import DemoExchange


@pytest.fixture(scope="session")
def exchange() -> Iterator[DemoExchange]:
    """A busy exchange with quick heartbeats, shared by a worker's tests."""
    with DemoExchange(seed=42, rate=2000, heartbeat=0.25) as running:
        yield running


@pytest.fixture
def client(exchange: DemoExchange) -> Iterator[Client]:
    with Client(exchange.url) as connected:
        yield connected
