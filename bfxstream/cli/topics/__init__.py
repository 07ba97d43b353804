"""The long parts of the help: one text a topic, read by `bfxstream help`, `man` and `--help`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

TOPICS = (
    "symbols",
    "output",
    "records",
    "guarantees",
    "events",
    "exit-codes",
    "environment",
    "credentials",
    "recording",
    "faults",
    "python",
    "recipes",
)
"""Their names, in the order in which a reader may want them; each is a file beside this one."""


class Topic(NamedTuple):
    """A topic; its text is paragraphs, and blocks that are indented and stand as they are."""

    name: str
    title: str
    text: str

    def blocks(self) -> Iterator[str]:
        """Each paragraph and each indented block, without the blank lines around it."""
        return (block for block in self.text.strip("\n").split("\n\n") if block)


def read_topic(name: str) -> Topic:
    """The topic of this name, one of TOPICS."""
    from pathlib import Path  # noqa: PLC0415  most starts read none

    text = (Path(__file__).parent / f"{name}.txt").read_text(encoding="utf-8")
    title, _, rest = text.partition("\n")
    return Topic(name, title, rest.strip("\n"))


def exit_codes() -> str:
    """The table of exit codes, as it stands in the topic."""
    return next(block for block in read_topic("exit-codes").blocks() if block.startswith(" "))
