"""`bfxstream doctor`: every check is told, the worst one decides, no secret is shown."""

from __future__ import annotations

import io
import json
import os
import pty
import socket
import stat
import time
from pathlib import Path

import jsonschema
import pytest

from bfxstream.cli import machine, run_command
from bfxstream.cli.machine import (
    check_folder,
    check_key_files,
    check_terminal,
    check_versions,
    terminal_of,
)
from bfxstream.demo import DemoExchange
from bfxstream.demo.access import DEMO_KEY, DEMO_SECRET
from bfxstream.errors import BfxStreamError
from bfxstream.output.table.checks import lines_of
from bfxstream.protocol.records import Check
from bfxstream.protocol.schema import schema_of
from bfxstream.stream.checkup import Visit

NETWORK = ["proxy", "dns", "connect", "tls", "platform", "clock", "rest"]
CHECKS = [
    *("versions", "terminal", "cache", "nonces", "limits"),
    *NETWORK,
    *("credentials", "key-files", "permissions"),
]
KEY_VARIABLES = ("BFX_API_KEY", "BFX_API_SECRET", "BFX_API_KEY_FILE", "BFX_API_SECRET_FILE")


@pytest.fixture(scope="module")
def exchange():
    with DemoExchange(seed=1) as running:
        yield running


@pytest.fixture(autouse=True)
def clean(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in (*KEY_VARIABLES, "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def ask(capfd):
    """Runs `bfxstream doctor` in process: its exit code, the checks by name, what it said."""

    def answer(*arguments: str) -> tuple[int, dict[str, dict[str, str]], str]:
        code = run_command(["doctor", "--json", *arguments])
        out, err = capfd.readouterr()
        checks = [json.loads(line) for line in out.splitlines()]
        for check in checks:
            jsonschema.validate(check, schema_of("doctor"))
            assert DEMO_SECRET not in out
            assert check["state"] in ("ok", "skipped") or check["remedy"], check
        assert [check["check"] for check in checks] == CHECKS
        return code, {check["check"]: check for check in checks}, err

    return answer


def states(checks, *names: str) -> list[str]:
    return [checks[name]["state"] for name in names]


# The whole.


def test_the_demo_exchange_is_well(ask):
    code, checks, said = ask("--demo")
    assert (code, said) == (0, "")
    assert not {"failed", "warning"} & set(states(checks, *CHECKS))
    assert "may change orders" in checks["permissions"]["found"]


def test_without_a_network_it_says_what_fails_and_what_to_do(ask):
    code, checks, said = ask("--url", "ws://127.0.0.1:1/ws/2")
    assert code == 1
    assert said == "bfxstream: failed: connect, rest\n"
    assert "connection refused" in checks["connect"]["found"]
    assert all(checks[name]["remedy"] for name in ("connect", "rest"))
    assert states(checks, "platform", "clock", "permissions") == ["skipped"] * 3


@pytest.mark.parametrize("output", ["csv", "raw"])
def test_a_format_that_it_does_not_have_counts_on_its_command_line_only(
    exchange, monkeypatch, capfd, output
):
    monkeypatch.setenv("BFXSTREAM_OUTPUT", output)
    assert run_command(["doctor", "--url", exchange.url]) == 0
    assert json.loads(capfd.readouterr().out.splitlines()[0])["check"] == "versions"
    assert run_command(["doctor", "-o", output]) == 2


def test_without_credentials_the_key_is_skipped(ask, exchange):
    code, checks, _ = ask("--url", exchange.url)
    assert code == 0
    assert states(checks, "credentials", "key-files", "permissions") == ["skipped"] * 3
    assert "BFX_API_KEY" in checks["credentials"]["found"]


def test_credentials_that_the_exchange_refuses_are_exit_4(ask, exchange, monkeypatch):
    monkeypatch.setenv("BFX_API_KEY", "XYZZY-key")
    monkeypatch.setenv("BFX_API_SECRET", "XYZZY-secret")
    code, checks, said = ask("--url", exchange.url)
    assert (code, said) == (4, "bfxstream: failed: permissions\n")
    assert states(checks, "credentials", "permissions") == ["ok", "failed"]
    assert "XYZZY" not in json.dumps(checks)


def test_half_of_the_credentials_is_exit_4(ask, exchange, monkeypatch):
    monkeypatch.setenv("BFX_API_KEY", "XYZZY-key")
    code, checks, _ = ask("--url", exchange.url)
    assert code == 4
    assert "BFX_API_SECRET" in checks["credentials"]["found"]
    assert checks["permissions"]["state"] == "skipped"


def test_key_files_that_everybody_can_read_are_a_warning(ask, exchange, monkeypatch, tmp_path):
    for name, content in (("BFX_API_KEY", DEMO_KEY), ("BFX_API_SECRET", DEMO_SECRET)):
        file = tmp_path / name
        file.write_text(content)
        file.chmod(0o644 if name == "BFX_API_SECRET" else 0o600)
        monkeypatch.setenv(f"{name}_FILE", str(file))
    code, checks, _ = ask("--url", exchange.url)
    assert code == 0
    assert states(checks, "credentials", "key-files", "permissions") == ["ok", "warning", "ok"]
    assert "BFX_API_SECRET_FILE" in checks["key-files"]["found"]
    assert "chmod 600" in checks["key-files"]["remedy"]


def test_credentials_are_sent_nowhere_in_the_clear(ask, monkeypatch):
    monkeypatch.setenv("BFX_API_KEY", "a")
    monkeypatch.setenv("BFX_API_SECRET", "b")
    _, checks, _ = ask("--url", "ws://192.0.2.1/ws/2", "--timeout", "0.5s")
    assert states(checks, "credentials", "permissions") == ["skipped", "skipped"]
    assert "not encrypted" in checks["credentials"]["found"]


def test_tls_that_fails_is_told_as_that(ask, exchange):
    code, checks, _ = ask("--url", exchange.url.replace("ws:", "wss:"))
    assert code == 1
    assert states(checks, "connect", "tls") == ["failed", "failed"]


def test_a_connection_without_a_certificate_leaves_the_rest_to_be_checked(ask, monkeypatch):
    seen = Visit(url="wss://x", seconds=0.1)
    monkeypatch.setattr("bfxstream.cli.doctor.visit", lambda *_: seen)
    code, checks, _ = ask("--url", "wss://127.0.0.1:1/ws/2")
    assert (code, states(checks, "connect", "tls")) == (1, ["ok", "skipped"])


def test_no_step_takes_longer_than_asked(ask, monkeypatch):
    """Of a server that accepts and says nothing; so does the proxy of the second check-up."""
    monkeypatch.setenv("BFX_API_KEY", "a")
    monkeypatch.setenv("BFX_API_SECRET", "b")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        started = time.monotonic()
        code, checks, _ = ask("--url", f"ws://127.0.0.1:{port}/ws/2", "--timeout", "0.1s")
        assert (code, states(checks, "connect", "rest", "permissions")) == (1, ["failed"] * 3)
        for name in KEY_VARIABLES:
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
        code, checks, _ = ask("--url", "wss://192.0.2.1/ws/2", "--timeout", "0.1s")
        assert (code, states(checks, "connect", "rest")) == (1, ["failed"] * 2)
    assert time.monotonic() - started < 8


def test_a_table_has_a_line_for_each_check(capfd):
    assert run_command(["doctor", "-o", "table", "--demo"]) == 0
    out, _ = capfd.readouterr()
    names = [line.split()[1] for line in out.splitlines() if not line.startswith(" ")]
    assert names == CHECKS


# The machine.


def test_the_versions_are_those_of_what_is_installed(monkeypatch):
    assert "websocket-client " in check_versions().found
    monkeypatch.setattr(machine, "_LIBRARIES", ("click", "no-such-library"))
    with pytest.raises(BfxStreamError, match="no-such-library"):
        check_versions()


@pytest.fixture
def terminal():
    manager, descriptor = pty.openpty()
    with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123
        yield file
    os.close(manager)


@pytest.mark.parametrize(
    ("environment", "state", "words"),
    [
        ({"TERM": "xterm-256color"}, "ok", "100x30, TERM=xterm-256color, 256 colours, UTF-8"),
        ({"TERM": "xterm", "NO_COLOR": "1"}, "ok", "no colour"),
        ({"TERM": "dumb"}, "warning", "TERM=dumb"),
        ({"TERM": "xterm", "COLUMNS": "60"}, "warning", "60x30"),
    ],
)
def test_a_terminal_is_judged_by_what_a_table_needs(
    terminal, monkeypatch, environment, state, words
):
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in ({"COLUMNS": "100", "LINES": "30"} | environment).items():
        monkeypatch.setenv(name, value)
    found = check_terminal(terminal)
    assert found.state == state
    assert words in found.found


def test_a_terminal_without_unicode_gets_a_warning(monkeypatch):
    manager, descriptor = pty.openpty()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("LINES", "30")
    with open(descriptor, "w", encoding="ascii") as file:  # noqa: PTH123
        found = check_terminal(file)
    os.close(manager)
    assert (found.state, "ASCII" in str(found.remedy)) == ("warning", True)


def test_the_terminal_is_the_first_stream_that_is_one(terminal):
    assert terminal_of((None, io.StringIO(), terminal)) is terminal
    assert terminal_of((None, io.StringIO())) is None


def test_a_folder_is_made_where_it_can_be(tmp_path: Path):
    found = check_folder(tmp_path / "new" / "folder", "the list")
    assert found.state == "ok"
    assert stat.S_IMODE((tmp_path / "new" / "folder").stat().st_mode) == 0o700
    assert not list((tmp_path / "new" / "folder").iterdir())


def test_a_folder_that_cannot_be_written_is_a_warning(tmp_path: Path):
    (tmp_path / "file").touch()
    found = check_folder(tmp_path / "file" / "folder", "the last nonce")
    assert found.state == "warning"
    assert "the last nonce is not kept" in found.found
    (tmp_path / "nonce-1").mkdir()
    assert check_folder(tmp_path, "the last nonce").state == "warning"


def test_key_files_are_as_reading_them_said():
    assert check_key_files([]).state == "ok"
    assert check_key_files(["it is open to all"]).found == "it is open to all"


# The table.


def test_long_words_are_broken_under_each_other():
    check = Check(check="dns", state="failed", found="some words " * 6, remedy="look\x1b[2J there")
    lines = ["".join(segment.text for segment in line) for line in lines_of(check, 60)]
    assert lines[0].startswith("failed   dns          some words")
    assert all(len(line) <= 60 for line in lines)
    assert lines[1].startswith(" " * 22 + "words")
    assert lines[-1] == " " * 22 + "look there"
