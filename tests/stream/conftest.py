"""A certificate for the tests of this room, which nobody vouches for unless a test says so."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from servers import certificate_for


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """Self-signed, for 127.0.0.1 and exchange.invalid, and the context of a server with it."""
    names = "IP:127.0.0.1,DNS:exchange.invalid"
    return certificate_for(names, tmp_path_factory.mktemp("tls"))
