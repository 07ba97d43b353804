"""Subscriptions from a file or standard input: a spec a line, `#` begins a comment."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from bfxstream.cli.stderr import say
from bfxstream.errors import UsageError
from bfxstream.protocol.channels import Subscription, parse_spec

STANDARD_INPUT = "-"


def read_specs(file: str) -> list[Subscription]:
    """The subscriptions of this file; `-` is standard input.

    Raises UsageError that names the file, and the line where one is at fault.
    """
    name = "standard input" if file == STANDARD_INPUT else file
    try:
        text = _standard_input() if file == STANDARD_INPUT else Path(file).read_bytes()
        lines = text.decode().splitlines()
    except OSError as error:
        raise UsageError(f"cannot read {name}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{name} is not text in UTF-8") from None
    specs = list(_parse(lines, name))
    if not specs:
        raise UsageError(f"{name} has no subscription", hint="give one a line: trades:tBTCUSD")
    return specs


def _standard_input() -> bytes:
    if sys.stdin is None:
        raise UsageError("standard input is closed: there are no subscriptions to read")
    if sys.stdin.isatty():
        say("one subscription a line, such as trades:tBTCUSD; Ctrl-D ends the list")
    return sys.stdin.buffer.read()


def _parse(lines: Iterable[str], name: str) -> Iterable[Subscription]:
    for number, line in enumerate(lines, start=1):
        # Files that were joined have the mark of their beginning anywhere.
        spec = line.replace("\ufeff", "").partition("#")[0].strip()
        if not spec:
            continue
        try:
            yield parse_spec(spec)
        except UsageError as error:
            where = f"{name}, line {number}"
            raise UsageError(f"{where}: {error.what}", hint=error.hint) from None
