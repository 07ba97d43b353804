"""`watch` and `--svg` in process: what is refused before anything is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from bfxstream.cli import run_command
from bfxstream.errors import ExitCode


@pytest.fixture(autouse=True)
def _nothing_may_connect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bfxstream.cli.run.MarketStream", None)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["watch", "tBTCUSD"], "watch needs a terminal"),
        (["watch", "tBTCUSD", "tETHUSD", "--svg", "x.svg"], "unexpected extra argument"),
        (["watch", "tBTCUSD", "-o", "jsonl"], "No such option"),
        (["watch", "fUSD", "--period", "p1", "--svg", "x.svg"], "not a period"),
        (["watch", "tBTCUSD", "--layout", "grid"], "'grid' is not one of"),
        (["book", "tBTCUSD", "--size", "120x40"], "add --svg FILE"),
        (["book", "tBTCUSD", "--svg", "none/x.svg"], "there is no directory"),
        (["book", "tBTCUSD", "--svg", "."], "it is a directory"),
        (["book", "tBTCUSD", "--svg", "x.svg", "-o", "raw"], "--svg does not go with -o raw"),
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
