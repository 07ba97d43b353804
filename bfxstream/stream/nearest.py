"""A symbol that is refused, or silent, is answered with those that may have been meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Thread
from typing import TYPE_CHECKING

from bfxstream.errors import NothingReceived, Refused
from bfxstream.stream import policy

if TYPE_CHECKING:
    from bfxstream.protocol.symbol_list import SymbolList


@contextmanager
def naming_the_nearest(rest_base: str, *, demo: bool = False) -> Iterator[None]:
    """Let a refusal of this exchange name the nearest symbols that it has.

    The list of the `demo` exchange is not kept: it is another one in every run.
    """
    try:
        yield
    except (Refused, NothingReceived) as error:
        if error.symbols:
            error.hint = _question(error.symbols, rest_base, demo) or error.hint
        raise


def did_you_mean(names: Sequence[str]) -> str:
    """The names as a question."""
    *others, last = names
    return f"did you mean {', '.join(others)} or {last}?" if others else f"did you mean {last}?"


def _question(symbols: Sequence[str], rest_base: str, demo: bool) -> str:
    from bfxstream.protocol.nearest import nearest  # noqa: PLC0415  needed for errors alone

    known = _kept(rest_base, demo) or _looked_up(rest_base, demo)
    if known is None:
        return ""
    found = {symbol: nearest(symbol, known) for symbol in symbols}
    if len(found) == 1:
        return "".join(did_you_mean(names) for names in found.values() if names)
    return " ".join(f"{symbol}: {did_you_mean(names)}" for symbol, names in found.items() if names)


def _kept(rest_base: str, demo: bool) -> SymbolList | None:
    from bfxstream.stream.symbol_cache import SymbolCache  # noqa: PLC0415  urllib costs 30 ms

    kept = None if demo else SymbolCache().load(rest_base)
    return kept.symbols if kept else None


def _looked_up(rest_base: str, demo: bool) -> SymbolList | None:
    """The exchange's list, if it comes soon: in a thread, as no step of asking may take longer."""
    from bfxstream.stream.rest import RestClient  # noqa: PLC0415
    from bfxstream.stream.symbol_cache import SymbolCache, ask_for_symbols  # noqa: PLC0415

    found: list[SymbolList] = []

    def look_up() -> None:
        with suppress(Exception):  # the refusal is the error, whatever becomes of its hint
            found.append(ask_for_symbols(RestClient(rest_base)))
            if not demo:
                SymbolCache().store(rest_base, found[0])

    thread = Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(policy.NEAREST_TIMEOUT)
    return found[0] if found else None
