"""Faults of frames: what is done to a turn's payloads on their way to the socket."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from random import Random
from typing import NamedTuple

from bfxstream.demo.fault_plans import Kind

_CHECKSUM = re.compile(rb'(?<=,"cs",)-?[0-9]+')

_GARBAGE = (
    b"",
    b"{",
    b"nonsense",
    b'{"event":"subscribed"',
    b"[123456,[1,2,3",
    b'[123456,[1,2,"',
    b"[]",
    b"[null]",
    b'["x",["y"]]',
    b"[123456]",
    b'[1e999,[NaN,Infinity],"hb"]',
    b"\xff\xfe\xfd",
    b'{"event":"info","code":5000,"msg":"\xc3"}',
    b'{"event":"info","code":5000,"msg":"\\u001b[2J\\u001b]0;gone\\u0007 \\u202ereversed"}',
    b'{"event":"nobody knows this","code":"x"}',
    b'{"event":"error","code":-1,"msg":null}',
    b"[" * 5_000,
    b'{"event":' * 2_000,
)
"""None of it takes a sequence number: no frame is lost."""


class Tampering(NamedTuple):
    """What became of a turn's payloads."""

    payloads: list[bytes]
    what: str
    """The beginning of the frame that it was done to."""
    breaks_off: bool = False
    """The last payload is sent in part, and nothing after it."""


def _is_frame(payload: bytes) -> bool:
    return payload.startswith(b"[")


def _some(
    payloads: list[bytes], rng: Random, suits: Callable[[bytes], object] = _is_frame
) -> int | None:
    places = [place for place, payload in enumerate(payloads) if suits(payload)]
    return rng.choice(places) if places else None


def _shown(payload: bytes) -> str:
    return payload[:60].decode("ascii", "replace")


def _skip(payloads: list[bytes], rng: Random) -> Tampering | None:
    place = _some(payloads, rng)
    if place is None:
        return None
    rest = payloads[:place] + payloads[place + 1 :]
    return Tampering(rest, _shown(payloads[place]))


def _repeat(payloads: list[bytes], rng: Random) -> Tampering | None:
    place = _some(payloads, rng)
    if place is None:
        return None
    doubled = payloads[: place + 1] + payloads[place:]
    return Tampering(doubled, _shown(payloads[place]))


def _corrupt_checksum(payloads: list[bytes], rng: Random) -> Tampering | None:
    place = _some(payloads, rng, _CHECKSUM.search)
    if place is None:
        return None
    wrong = _CHECKSUM.sub(lambda number: b"%d" % (int(number[0]) ^ 1), payloads[place])
    return Tampering([*payloads[:place], wrong, *payloads[place + 1 :]], _shown(wrong))


def _insert_garbage(payloads: list[bytes], rng: Random) -> Tampering | None:
    place, garbage = rng.randint(0, len(payloads)), rng.choice(_GARBAGE)
    return Tampering([*payloads[:place], garbage, *payloads[place:]], _shown(garbage))


def _truncate(payloads: list[bytes], rng: Random) -> Tampering | None:
    place = _some(payloads, rng)
    if place is None:
        return None
    return Tampering(payloads[: place + 1], _shown(payloads[place]), breaks_off=True)


TAMPERINGS: Mapping[Kind, Callable[[list[bytes], Random], Tampering | None]] = {
    Kind.SKIP: _skip,
    Kind.DUP: _repeat,
    Kind.CORRUPT_CHECKSUM: _corrupt_checksum,
    Kind.GARBAGE: _insert_garbage,
    Kind.TRUNCATE: _truncate,
}
"""Each gives None where no payload suits it."""
