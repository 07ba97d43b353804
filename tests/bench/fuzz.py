"""`python -m tests.bench.fuzz`: atheris against a stream of every layout; `pip install atheris`.

Its arguments are libFuzzer's: a folder for the corpus, -max_total_time=600, -runs=100000, …
"""

from __future__ import annotations

import sys
import tempfile
from functools import cache
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["bfxstream"]):
    from bfxstream.protocol import requests

    from .hostile import corpus, withstand

# The decoders know nothing but their layouts; making them is most of a run's time.
for name in ("ChannelDecoder", "FrameReader", "finite_check"):
    setattr(requests, name, cache(getattr(requests, name)))

_READS, _FRAMES = b"\x00\x00", b"\x00"


def one_input(data: bytes) -> None:
    """Reads are parted by two zeros, frames by one; the first byte chooses what is printed."""
    reads = [read.split(_FRAMES) for read in data[1:].split(_READS)]
    withstand(reads, seq=data[:1] > b"\x7f")


def main() -> None:
    """Begin with what the exchange does send, and go on until something breaks."""
    with tempfile.TemporaryDirectory() as folder:
        frames = list(corpus())
        for number, frame in enumerate(frames):
            Path(folder, f"{number}").write_bytes(b"\x00" + frame)
        Path(folder, "all").write_bytes(b"\xff" + _READS.join(frames))
        words = Path(folder, "words")
        tokens = [f"[{chan}," for chan in range(1, 11)] + ['"te",', '"cs",', "null", "1e999", ",#]"]
        words.write_text("".join(f'"{_quoted(token)}"\n' for token in tokens))
        atheris.Setup([*sys.argv, f"-dict={words}", folder], one_input)
        atheris.Fuzz()


def _quoted(token: str) -> str:
    return token.replace('"', '\\"')


if __name__ == "__main__":
    main()
