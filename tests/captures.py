"""Real recorded traffic, kept beside the checkout; a test that needs it skips where it is absent.

`../shared/captures/README.md` says where each recording comes from and what it holds.
"""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import NamedTuple

import pytest

_FOLDER = Path(__file__).resolve().parents[1] / ".." / "shared" / "captures"
_CRYPTOFEED_LINE = re.compile(
    r"(?:(?P<url>wss?://\S+) (?P<arrow><->|<-|->) )?(?P<time>\d+(?:\.\d+)?)(?:: (?P<frame>.*))?"
)

CRYPTOFEED = "cryptofeed_2021-04-17.0.gz"
GO_22 = "bitfinex-api-go_2019-01-22.jsonl.gz"
GO_28 = "bitfinex-api-go_2019-01-28.jsonl.gz"
LOBO = "lobo_r0_2026-09-08.jsonl.gz"
SNIPPETS = "snippets.jsonl.gz"


class Timed(NamedTuple):
    """One line of a cryptofeed recording: `direction` is `received`, `sent` or `connected`."""

    time: float
    direction: str
    frame: bytes


class Snippet(NamedTuple):
    """One frame on its own; `note` says what is known about it."""

    source: str
    note: str
    frame: bytes


def capture_path(name: str) -> Path:
    """Where the recording of this name lies; skips the test where there is none."""
    path = _FOLDER / name
    if not path.exists():
        pytest.skip(f"the recording {name} is not here: ../shared/captures is absent")
    return path


def capture_lines(name: str) -> list[bytes]:
    """The recording's lines as they are: for a `*.jsonl.gz`, a received frame each."""
    with gzip.open(capture_path(name)) as file:
        return file.read().splitlines()


def cryptofeed_frames(name: str = CRYPTOFEED) -> list[Timed]:
    """A cryptofeed recording's lines, without its `configuration:` line."""
    found = []
    for line in capture_lines(name):
        if match := _CRYPTOFEED_LINE.fullmatch(line.decode()):
            direction = {None: "received", "<-": "sent", "<->": "connected", "->": "received"}
            found.append(
                Timed(
                    float(match["time"]),
                    direction[match["arrow"]],
                    (match["frame"] or "").encode(),
                )
            )
    return found


def received_frames(name: str) -> list[bytes]:
    """What the exchange sent, a frame each, for a recording of either format."""
    if name.startswith("cryptofeed"):
        return [line.frame for line in cryptofeed_frames(name) if line.direction == "received"]
    return capture_lines(name)


def snippets(note: str = "") -> list[Snippet]:
    """The single frames whose note holds this text."""
    found = map(json.loads, capture_lines(SNIPPETS))
    return [
        Snippet(item["source"], item["note"], item["frame"].encode())
        for item in found
        if note in item["note"]
    ]
