"""A recording of the installed command, and its replay: byte for byte what the live run printed."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

from bfxstream.demo import DemoExchange

from .command import PATIENCE, clean_environment, installed_command, run, start
from .terminal import Terminal

MIX = ("trades:tBTCUSD", "book:tBTCUSD", "ticker:tETHUSD", "candles:1m:tBTCUSD", "book:fUSD")
SYMBOLS = ("tBTCUSD", "tETHUSD", "tETHBTC", "tXRPUSD", "tLTCUSD", "tSOLUSD", "tXRPBTC", "tBTCEUR")
MANY = [
    f"{kind}:{symbol}" for symbol in SYMBOLS for kind in ("ticker", "trades", "book", "candles:1h")
]


def replayed(path: Path, *options: str) -> bytes:
    """What a replay prints."""
    done = subprocess.run(
        [installed_command(), "replay", str(path), *options],
        capture_output=True,
        timeout=PATIENCE,
        env=clean_environment(),
        check=True,
    )
    return done.stdout


def lines_until(process: subprocess.Popen[bytes], text: bytes, times: int) -> bytes:
    """What is printed until this has come so many times."""
    assert process.stdout is not None
    read: list[bytes] = []
    while times:
        line = process.stdout.readline()
        assert line, b"".join(read[-3:])
        read.append(line)
        times -= text in line
    return b"".join(read)


def rest_of(process: subprocess.Popen[bytes]) -> bytes:
    """What is printed until it ends."""
    assert process.stdout is not None
    rest = process.stdout.read()
    process.wait(timeout=PATIENCE)
    return rest


def test_a_replay_prints_what_the_live_run_printed(tmp_path: Path) -> None:
    """Over several connections and through faults, with every time in it."""
    path = tmp_path / "run.jsonl.gz"
    options = ("--timestamps", "--seq", "--events")
    with DemoExchange(seed=3, rate=1000) as exchange:
        process = start(
            *("stream", *MANY, "--url", exchange.url, "--json", "--record", str(path), *options),
            env=clean_environment(BFXSTREAM_TIME_SCALE="0.02"),
            stderr=subprocess.DEVNULL,
            text=False,
        )
        printed = lines_until(process, b'"type":"te"', 5)
        for fault, healed in (("drop", b'"reconnected"'), ("skip", b'"resync"')):
            exchange.inject(fault)
            printed += lines_until(process, healed, 1)
            printed += lines_until(process, b'"type":"te"', 5)
        process.send_signal(signal.SIGINT)
        printed += rest_of(process)
    assert process.returncode == 130
    assert replayed(path, *options) == printed


def test_a_recording_whose_program_is_killed_replays_to_its_last_complete_frame(
    tmp_path: Path,
) -> None:
    path = tmp_path / "run.jsonl"
    with DemoExchange(seed=3, rate=1000) as exchange:
        process = start(
            *("stream", *MIX, "--url", exchange.url, "--json", "--record", str(path)),
            stderr=subprocess.DEVNULL,
            text=False,
        )
        printed = lines_until(process, b'"type":"te"', 20)
        process.kill()
        printed += rest_of(process)
    found = replayed(path)
    assert printed.startswith(found)
    # What is recorded has been printed: at most the read that was under way is lost.
    assert found.count(b'"type":"te"') > 5


def test_a_recording_tells_how_far_it_is_and_its_replay_is_a_table(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl.gz"
    with DemoExchange(seed=3, rate=1000) as exchange:
        command = (installed_command(), "record", str(path), *MIX, "--url", exchange.url)
        terminal = Terminal(*command, width=100, height=10)
        terminal.wait_for(lambda: "recording: " in terminal.text and "/s" in terminal.text)
        terminal.press(b"\x03")
        assert terminal.wait_for_end() == 130
    told = next(line for line in terminal.lines if line.startswith("bfxstream: recorded "))
    terminal = Terminal(installed_command(), "replay", str(path), width=100, height=40)
    assert terminal.wait_for_end() == 0
    assert "tBTCUSD" in terminal.text
    assert "spread" in terminal.text
    assert "replay 1x, 20" in terminal.text
    assert "127.0.0.1" not in terminal.text
    result = run("replay", str(path), "--verify", "--json")
    report = json.loads(result.stdout)
    assert (result.code, report["complete"]) == (0, True)
    assert f" {report['received']:,} frames" in told
