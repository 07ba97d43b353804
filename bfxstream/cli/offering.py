"""Words that completion offers for a value, where others may stand, too."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import click

Offer = Callable[[click.Context, click.Parameter, str], list[str]]
"""What click calls to complete a value, given its beginning."""


def offering(words: Callable[[], Iterable[str]]) -> Offer:
    """Let these words be offered; they are asked for only when something is completed."""
    return lambda ctx, parameter, begun: [word for word in words() if word.startswith(begun)]
