"""The command as a process: pipes, signals, what it leaves behind."""

from __future__ import annotations

import fcntl
import json
import os
import re
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from websockets.sync.server import ServerConnection, serve

from bfxstream.demo import DemoExchange

from .command import PATIENCE, clean_environment, installed_command, run, shell, start


def children_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def test_head_ends_the_program_silently_as_sigpipe_does() -> None:
    result = shell("bfxstream trades tBTCUSD --demo | head -3; echo ${PIPESTATUS[0]}")
    *lines, code = result.stdout.splitlines()
    assert [json.loads(line)["channel"] for line in lines] == ["trades"] * 3
    assert code == str(128 + signal.SIGPIPE)
    assert result.stderr == ""


def test_a_closed_pipe_is_noticed_in_a_quiet_market() -> None:
    with DemoExchange(seed=1, rate=0.01) as quiet:
        process = start("trades", "tBTCUSD", "--url", quiet.url)
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=30) == -signal.SIGPIPE


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"]
)
def test_a_signal_ends_it_cleanly_after_a_whole_line(
    exchange: DemoExchange, number: signal.Signals, code: int
) -> None:
    process = start("book", "tBTCUSD", "--url", exchange.url)
    assert process.stdout is not None
    first = process.stdout.readline()
    process.send_signal(number)
    rest, stderr = process.communicate(timeout=30)
    assert process.returncode == code
    assert stderr == ""
    assert all(json.loads(line) for line in (first + rest).splitlines())
    assert (first + rest).endswith("\n")


def test_a_signal_ends_the_wait_between_attempts() -> None:
    process = start("ticker", "tBTCUSD", "--url", "ws://127.0.0.1:1", "-v", "--retry-for", "1h")
    assert process.stderr is not None
    assert "reconnecting in" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=10) == 130


def test_a_signal_ends_it_although_the_reader_has_stopped(exchange: DemoExchange) -> None:
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    # One line of this book is longer than the pipe: its write can only block.
    process = start(
        *("book", "tBTCUSD", "--len", "250", "--view", "full", "--url", exchange.url),
        stdout=writer,
    )
    wait_until(lambda: not select.select([], [writer], [], 0)[1])
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 143
    assert_whole_lines(reader, writer)


def test_its_time_ends_it_although_the_reader_has_stopped(exchange: DemoExchange) -> None:
    reader, writer = os.pipe()
    process = start(
        *("stream", "book:tBTCUSD", "trades:tBTCUSD", "--url", exchange.url, "--duration", "0.3s"),
        stdout=writer,
    )
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    assert process.wait(timeout=10) == 0
    assert_whole_lines(reader, writer)


def assert_whole_lines(reader: int, writer: int) -> None:
    """What waits in the pipe of a program that has ended is there to the last line's end."""
    os.close(writer)
    with os.fdopen(reader) as waiting:
        text = waiting.read()
    assert text.endswith("\n")
    assert [json.loads(line)["channel"] for line in text.splitlines()]


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        os.sched_yield()


def test_it_closes_the_connection_with_a_close_frame() -> None:
    closed: list[int | None] = []

    def handler(connection: ServerConnection) -> None:
        connection.send('{"event":"info","version":2,"platform":{"status":1}}')
        for _ in connection:
            pass
        closed.append(connection.close_code)

    with serve(handler, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.socket.getsockname()[1]
        run("ticker", "tBTCUSD", "--url", f"ws://127.0.0.1:{port}", "--duration", "0.5s")
        server.shutdown()
    assert closed == [1000]


def test_a_faster_clock_notices_sooner_that_a_connection_is_dead() -> None:
    def greet_and_fall_silent(connection: ServerConnection) -> None:
        connection.send('{"event":"info","version":2,"platform":{"status":1}}')
        for _ in connection:
            pass

    with serve(greet_and_fall_silent, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        result = run(
            *("ticker", "tBTCUSD", "--url", url, "--no-reconnect"), BFXSTREAM_TIME_SCALE="0.01"
        )
        server.shutdown()
    assert result.code == 1
    assert "nothing came for 0.24 s" in result.stderr


def test_the_demo_leaves_no_process_behind() -> None:
    process = start("ticker", "tBTCUSD", "--demo")
    assert process.stdout is not None
    process.stdout.readline()
    assert children_of(process.pid) == []
    process.terminate()
    process.communicate(timeout=30)
    assert process.returncode == 143


def test_what_one_read_brings_leaves_in_one_write(exchange: DemoExchange) -> None:
    reader, writer = os.pipe()
    process = start("trades", "tBTCUSD", "-n", "30", "--url", exchange.url, stdout=writer)
    os.close(writer)
    # A pipe holds one write of less than PIPE_BUF together: the snapshot's 30 lines are one.
    burst = os.read(reader, 65536)
    os.close(reader)
    assert burst.count(b"\n") == 30
    assert process.wait(timeout=30) == 0


def test_the_demo_exchange_alone_serves_and_accounts_for_itself(tmp_path: Path) -> None:
    log, journal = tmp_path / "log", tmp_path / "journal"
    files = ("--log", str(log), "--journal", str(journal))
    server = start(
        "demo-exchange", "--seed", "7", "--rate", "1000", "--fault", "dup:every=9", *files
    )
    assert server.stdout is not None
    url = server.stdout.readline().strip()
    result = run("trades", "tBTCUSD", "-n", "90", "--url", url)
    assert (result.code, len(result.records)) == (0, 90)
    server.send_signal(signal.SIGINT)
    _, stderr = server.communicate(timeout=30)
    assert server.returncode == 130
    told = re.fullmatch(r"bfxstream: faults: (\d+) dup\n", stderr)
    assert told, stderr
    entries = [json.loads(line) for line in log.open()]
    assert [entry["event"] for entry in entries].count("fault") == int(told[1]) > 2
    assert entries[-1]["faults"] == {"dup": int(told[1])}
    journaled = {
        line["id"]: [line["mts"], line["amount"], line["price"]]
        for line in map(json.loads, journal.open())
        if line["type"] == "trade" and line["symbol"] == "tBTCUSD"
    }
    printed = {each["id"]: [each["mts"], each["amount"], each["price"]] for each in result.records}
    assert len(printed) == 90
    assert printed.items() <= {key: journaled[key] for key in printed}.items()


def test_a_port_that_is_taken_is_named(exchange: DemoExchange) -> None:
    port = exchange.url.split(":")[2].split("/")[0]
    result = run("demo-exchange", "--port", port)
    assert result.code == 1
    assert f"port {port}" in result.stderr


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    path = str(tmp_path / "missing" / "log")
    result = run("demo-exchange", "--log", path)
    assert (result.code, result.stdout) == (2, "")
    assert path in result.stderr


def first_trades(count: int) -> str:
    """The first trades of a market with a seed, as its first client sees them."""
    server = start("demo-exchange", "--seed", "7", "--rate", "5000")
    assert server.stdout is not None
    try:
        url = server.stdout.readline().strip()
        return run("trades", "tBTCUSD", "-n", str(count), "--url", url).stdout
    finally:
        server.terminate()
        server.communicate(timeout=30)


def test_the_same_seed_gives_the_same_first_thousand_trades() -> None:
    trades = first_trades(1000)
    assert trades.count("\n") == 1000
    assert trades == first_trades(1000)


def test_the_command_runs_without_a_home_or_a_locale() -> None:
    done = subprocess.run(
        [installed_command(), "--version"],
        env={"PATH": clean_environment()["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("bfxstream ")
