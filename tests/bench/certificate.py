"""A self-signed certificate for the loopback address, made for one run and thrown away."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Certificate:
    """Where it lies; clients are given it as SSL_CERT_FILE."""

    certificate: Path
    key: Path

    def options(self) -> tuple[str, ...]:
        """For the server's command line."""
        return ("--certificate", str(self.certificate), "--key", str(self.key))


@contextlib.contextmanager
def made() -> Iterator[Certificate]:
    """Made by the `openssl` program in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        pair = Certificate(Path(folder) / "certificate.pem", Path(folder) / "key.pem")
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
        names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
        files = ["-keyout", str(pair.key), "-out", str(pair.certificate)]
        subprocess.run([*command, *names, *files], check=True, capture_output=True)
        yield pair
