"""`bfxstream replay` in process: what it is given, what it prints of it, and how it ends."""

from __future__ import annotations

import json
import math
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from frames import confirmed_conf, event, hello, with_tail

from bfxstream.capture.steps import AnyStep, Begun, Ended, Failed, Opened, Received, encode_lines
from bfxstream.cli import run_command
from bfxstream.cli.progress import size_in_words
from bfxstream.cli.types import RotationType, SpeedType, When, WhenType

Answer = tuple[int, list[dict[str, Any]], str]
ROW = [100, 1, 101, 1, 0, 0, 100, 5, 110, 90]
BEGUN = 1618677543.0
SECONDS = 10


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """A command takes the signals over for the rest of its process: this one goes on."""
    before = {number: signal.getsignal(number) for number in _TAKEN}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


_TAKEN = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGALRM)


@pytest.fixture
def ask(capfd: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Runs a command: its exit code, its records, what it said."""

    def run(*arguments: str) -> Answer:
        code = run_command(list(arguments))
        out, err = capfd.readouterr()
        return code, [json.loads(line) for line in out.splitlines()], err

    return run


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A ticker and a trade a second, as another tool might have recorded them."""
    frames = [
        hello(),
        confirmed_conf(65536),
        event("subscribed", channel="ticker", chanId=1, symbol="tBTCUSD", pair="BTCUSD"),
        event("subscribed", channel="trades", chanId=2, symbol="tETHUSD", pair="ETHUSD"),
        with_tail(2, [], seq=1),
    ]
    lines = [b"%f: %b" % (BEGUN, frame) for frame in frames]
    for number in range(1, SECONDS + 1):
        ticker = with_tail(1, [number, *ROW[1:]], seq=2 * number)
        trade = with_tail(2, "te", [number, number, 1, 1], seq=2 * number + 1)
        lines += [b"%f: %b" % (BEGUN + number, frame) for frame in (ticker, trade)]
    path = tmp_path / "recording"
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


def test_everything_that_was_recorded_is_printed(ask: Any, recording: Path) -> None:
    code, records, said = ask("replay", str(recording), "--timestamps", "--seq")
    assert code == 0
    assert [record["seq"] for record in records] == list(range(2, 2 * SECONDS + 2))
    assert records[0]["received_mts"] == (BEGUN + 1) * 1000
    assert "taken as frames of another tool" in said


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        (("--from", "8s"), [8, 9, 10]),
        (("--to", "2s"), [1, 2]),
        (("--from", "3s", "--to", "4s"), [3, 4]),
        (("--from", "2021-04-17T16:39:12Z"), [9, 10]),
        (("--to", "1618677544000"), [1]),
        (("--from", "1500ms", "--to", "1600ms"), []),
        (("-n", "2"), [1, 2]),
    ],
)
def test_a_part_of_it_can_be_had(
    ask: Any, recording: Path, options: tuple[str, ...], numbers: list[int]
) -> None:
    code, records, _ = ask("replay", str(recording), "--channel", "ticker", *options)
    assert (code, [record["bid"] for record in records]) == (0, numbers)


def test_a_time_behind_its_end_is_told_its_own(ask: Any, recording: Path) -> None:
    code, records, said = ask("replay", str(recording), "--from", "1618677543")
    assert (code, records) == (1, [])
    assert "is from 2021-04-17T16:39:03Z to 2021-04-17T16:39:13Z" in said


def test_it_may_come_from_standard_input(ask: Any, recording: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, recording.read_bytes())
    os.close(writing)
    before = os.dup(0)
    os.dup2(reading, 0)
    try:
        code, records, said = ask("replay", "-")
    finally:
        os.dup2(before, 0)
        os.close(before)
        os.close(reading)
    assert (code, len(records)) == (0, 2 * SECONDS)
    assert "standard input: taken as frames" in said


def test_a_recorded_run_that_never_connected_is_told_so(ask: Any, tmp_path: Path) -> None:
    path = recorded(
        tmp_path, Failed(1, 5, 5, "cannot connect to x", "", True, None), Ended(0, 6, 6)
    )
    code, records, said = ask("replay", str(path))
    assert (code, records) == (1, [])
    assert "the recording has nothing to replay: its run never connected" in said
    assert "doctor" not in said


def test_strict_ends_where_a_part_is_missing_or_breaks_off(ask: Any, tmp_path: Path) -> None:
    path = recorded(tmp_path, Opened(1, 5, 5, "wss://x"))
    path.write_bytes(path.read_bytes() + b'{"step"')
    assert ask("replay", str(path))[0] == 0
    code, _, said = ask("replay", str(path), "--strict")
    assert (code, "breaks off after line 2" in said) == (5, True)
    path.write_bytes(path.read_bytes().replace(b'"part":1', b'"part":2'))
    code, _, said = ask("replay", str(path), "--strict")
    assert (code, "part 1 of the recording is not there" in said) == (5, True)


def recorded(folder: Path, *steps: AnyStep) -> Path:
    """A recording of ours that has met this."""
    path = folder / "recorded"
    begun = Begun(id="a", mts=1, us=1, url="ws://x", subscriptions=["ticker:tBTCUSD"], seed=1)
    path.write_bytes(encode_lines([begun, *steps]))
    return path


def test_one_symbol_of_it_can_be_had(ask: Any, recording: Path) -> None:
    _, records, _ = ask("replay", str(recording), "--symbol", "ethusd")
    assert {record["symbol"] for record in records} == {"tETHUSD"}
    code, records, said = ask("replay", str(recording), "--symbol", "tLTCUSD")
    assert (code, records) == (2, [])
    assert "it has ticker:tBTCUSD, trades:tETHUSD" in said


def test_frames_are_printed_as_they_came(capfd: Any, recording: Path) -> None:
    assert run_command(["replay", str(recording), "-o", "raw", "-q"]) == 0
    lines = recording.read_text().splitlines()
    assert capfd.readouterr().out.splitlines() == [line.partition(": ")[2] for line in lines]
    assert run_command(["replay", str(recording), "-o", "raw", "--channel", "ticker"]) == 2


def test_a_report_says_what_is_missing_by_its_exit_code(ask: Any, recording: Path) -> None:
    code, [report], _ = ask("replay", str(recording), "--verify")
    assert (code, report["complete"]) == (0, True)
    lines = recording.read_bytes().splitlines(keepends=True)
    recording.write_bytes(b"".join(lines[:-5] + lines[-4:]))
    code, [report], _ = ask("replay", str(recording), "--verify", "--json")
    assert (code, report["complete"], report["connections"][0]["missing"]) == (5, False, 1)


def test_a_report_has_no_format_of_records(
    ask: Any, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BFXSTREAM_OUTPUT", "csv")
    assert ask("replay", str(recording), "--verify")[0] == 0


def test_a_report_is_a_table_where_that_is_wanted(capfd: Any, recording: Path) -> None:
    assert run_command(["replay", str(recording), "--verify", "-o", "table"]) == 0
    printed = capfd.readouterr().out
    assert "complete: 25 frames" in printed
    assert "0 gaps, 0 frames missing" in printed
    assert max(map(len, printed.splitlines())) <= 80


def test_strict_ends_at_a_hole(recording: Path) -> None:
    lines = recording.read_bytes().splitlines(keepends=True)
    recording.write_bytes(b"".join(lines[:-5] + lines[-4:]))
    assert run_command(["replay", str(recording), "-o", "raw", "--strict"]) == 5


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--speed", "fast"), "use 1x, 10x or max"),
        (("--speed", "0x"), "use 1x, 10x or max"),
        (("--from", "yesterday"), "is no moment"),
        (("--every", "1s"), "add --view full"),
        (("--duration", "1s"), "no option --duration"),
        (("--verify", "-o", "csv"), "--verify does not go with -o csv"),
        (("--verify", "--symbol", "tBTCUSD"), "--verify does not go with --symbol"),
        (("--verify", "-n", "3"), "--verify does not go with --count"),
        (("--from", "8s", "--to", "2s"), "--to is before --from"),
        (("--to", "2021-04-17T16:00:00Z"), "which begins at 2021-04-17T16:39:03Z"),
    ],
)
def test_what_does_not_go_is_said(
    ask: Any, recording: Path, arguments: tuple[str, ...], words: str
) -> None:
    code, records, said = ask("replay", str(recording), *arguments)
    assert (code, records) == (2, [])
    assert words in said


def test_rotation_without_a_recording_is_refused(ask: Any) -> None:
    code, _, said = ask("ticker", "tBTCUSD", "--rotate", "1h")
    assert code == 2
    assert "add --record FILE" in said


def test_a_recording_of_nothing_is_refused_before_there_is_a_file(ask: Any, tmp_path: Path) -> None:
    code, _, said = ask("record", str(tmp_path / "file"))
    assert code == 2
    assert "give a SPEC behind it" in said
    assert not (tmp_path / "file").exists()


@pytest.mark.parametrize("command", [("record", "file"), ("trades", "--record", "file")])
def test_a_recording_without_a_connection_does_not_stand_in_the_way_of_the_next(
    ask: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    symbol = "tBTCUSD" if command[0] == "trades" else "trades:tBTCUSD"
    for _ in range(2):
        code, _, said = ask(*command, symbol, "--url", "ws://127.0.0.1:9", "--no-reconnect")
        assert code == 1
        assert "file is not kept" in said
    assert list(tmp_path.iterdir()) == []


def test_a_recording_may_end_with_the_first_value_of_each(ask: Any, tmp_path: Path) -> None:
    path = tmp_path / "once"
    code, _, said = ask("record", str(path), "trades:tBTCUSD", "book:tBTCUSD", "--demo", "--once")
    assert (code, "recorded " in said) == (0, True)
    assert {each["channel"] for each in ask("replay", str(path))[1]} == {"trades", "book"}


def test_a_recording_goes_to_no_file_named_as_stdin(ask: Any) -> None:
    code, _, said = ask("record", "-", "trades:tBTCUSD", "--url", "ws://127.0.0.1:9")
    assert (code, "./-" in said) == (2, True)


def test_each_connection_of_a_report_has_a_name_of_its_own(capfd: Any, tmp_path: Path) -> None:
    opened = [Opened(number, 1, 1, "ws://x") for number in (1, 2, 1)]
    frame = hello().decode()
    path = recorded(tmp_path, *opened, Received(1, 1, 1, [frame]), Ended(0, 1, 1))
    assert run_command(["replay", str(path), "--verify", "-o", "table"]) == 0
    rows = capfd.readouterr().out.splitlines()[3:6]
    assert [row.split("  ")[0] for row in rows] == ["1", "2", "1, anew (1)"]


# What the flags hold.


@pytest.mark.parametrize(
    ("text", "speed"), [("1x", 1.0), ("10", 10.0), ("0.5x", 0.5), ("max", math.inf)]
)
def test_speeds(text: str, speed: float) -> None:
    assert SpeedType().convert(text, None, None) == speed


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("90s", When(after=90.0)),
        ("5m", When(after=300.0)),
        ("1618677543000", When(mts=1618677543000.0)),
        ("2021-04-17T16:39:03Z", When(mts=1618677543000.0)),
        ("2021-04-17 16:39:03", When(mts=1618677543000.0)),
        ("2021-04-17T18:39:03+02:00", When(mts=1618677543000.0)),
    ],
)
def test_moments(text: str, when: When) -> None:
    assert WhenType().convert(text, None, None) == when


@pytest.mark.parametrize(
    ("text", "seconds", "size"),
    [("1h", 3600.0, None), ("90", 90.0, None), ("100MB", None, 10**8), ("1.5kB", None, 1500)],
)
def test_rotations(text: str, seconds: float | None, size: int | None) -> None:
    assert RotationType().convert(text, None, None) == (seconds, size)


@pytest.mark.parametrize("text", ["", "0", "0MB", "1 week", "MB"])
def test_what_is_no_rotation(text: str) -> None:
    with pytest.raises(click.BadParameter, match="use 1h or 100MB"):
        RotationType().convert(text, None, None)


def test_sizes_in_words() -> None:
    assert [size_in_words(size) for size in (999, 1234, 5_600_000)] == [
        "999 bytes",
        "1.2 kB",
        "5.6 MB",
    ]
