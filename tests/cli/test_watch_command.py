"""`watch` and `--svg` in process: what is refused before anything is sent."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from bfxstream.cli import run_command
from bfxstream.cli.signals import Signals
from bfxstream.cli.watch import Steered
from bfxstream.errors import ExitCode
from bfxstream.protocol.channels import BookSubscription


@pytest.fixture(autouse=True)
def _nothing_may_connect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bfxstream.cli.run.MarketStream", None)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["watch", "tBTCUSD"], "watch needs a terminal"),
        (["watch", "tBTCUSD", "tETHUSD", "--svg", "x.svg"], "unexpected extra argument"),
        (["watch", "tBTCUSD", "-o", "jsonl"], "no option -o"),
        (["watch", "fUSD", "--period", "p1", "--svg", "x.svg"], "not a period"),
        (["watch", "tBTCUSD", "--layout", "grid"], "'grid' is not one of"),
        (["book", "tBTCUSD", "--size", "120x40"], "add --svg FILE"),
        (["book", "tBTCUSD", "--svg", "none/x.svg"], "there is no directory"),
        (["book", "tBTCUSD", "--svg", "."], "it is a directory"),
        (["book", "tBTCUSD", "--svg", "x.svg", "-o", "raw"], "--svg does not go with -o raw"),
        (["book", "tBTCUSD", "--svg", "-", "-o", "csv"], "--svg - does not go with -o csv"),
        (["book", "tBTCUSD", "--svg", "x.svg", "--size", "120"], "is no size: use 120x40"),
        (["book", "tBTCUSD", "--svg", "x.svg", "--size", "1x40"], "each from 10 to 500"),
    ],
)
def test_what_cannot_be_is_one_line(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_command(arguments) == ExitCode.USAGE
    printed = capsys.readouterr()
    assert printed.out == ""
    assert said in printed.err
    assert printed.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("symbol", "named"),
    [
        ("tBTCUSD", "candles:1m:tBTCUSD"),
        ("fUSD", "candles:1m:fUSD:a30:p2:p30"),
        ("tBTCF0:USTF0", "deriv:tBTCF0:USTF0"),
    ],
)
def test_without_a_terminal_the_same_as_a_stream_is_named(
    symbol: str, named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["watch", symbol]) == ExitCode.USAGE
    assert named in capsys.readouterr().err


def test_output_chosen_in_the_environment_does_not_concern_watch(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BFXSTREAM_OUTPUT", "jsonl")
    assert run_command(["watch", "tBTCUSD"]) == ExitCode.USAGE
    assert "watch needs a terminal" in capsys.readouterr().err


class Broken:
    """A screen that fails at its end, and a keyboard that notes what was done to it."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def close(self) -> None:
        raise RuntimeError("cannot be drawn")

    suspend = resume = tick = write = close

    def take(self) -> None:
        self.done.append("take")

    def release(self) -> None:
        self.done.append("release")


@pytest.fixture
def _signals_given_back() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTSTP)
    yield
    signal.signal(signal.SIGTSTP, before)


@pytest.mark.usefixtures("_signals_given_back")
def test_the_keyboard_is_given_back_even_where_the_last_frame_fails() -> None:
    broken = Broken()
    book = BookSubscription("tBTCUSD")
    steered = Steered(broken, None, book, broken, Signals())  # type: ignore[arg-type]
    with pytest.raises(RuntimeError):
        steered.close()
    assert broken.done == ["take", "release"]
