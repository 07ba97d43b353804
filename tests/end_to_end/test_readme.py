"""Every command that the README shows is run, on the demo exchange."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from .command import run, shell, start

README = (Path(__file__).parents[2] / "README.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
SETUP = [block for block in BLOCKS if "python3 -m venv" in block]
SERVER, CLIENT = (block for block in BLOCKS if "8080" in block)
COMMANDS = ("ticker", "trades", "book", "stream", "symbols", "demo-exchange", "account")
ORDERS = ("order new", "order list")
EXAMPLES = [block for block in BLOCKS if block not in (*SETUP, SERVER, CLIENT)]


def commands(block: str) -> list[str]:
    """Each line on its own, where each is a command of its own; else the block as a script."""
    lines = block.splitlines()
    own = all(line.startswith("bfxstream ") and not line.endswith("|") for line in lines)
    return lines if own else [block]


@pytest.mark.parametrize("command", [c for block in EXAMPLES for c in commands(block)])
def test_an_example_runs_and_prints(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = shell(command, BFXSTREAM_DEMO="1", BFXSTREAM_DURATION="20" if "-n" in command else "2")
    assert result.stderr == ""
    assert result.code == 0
    assert result.stdout or any(file.stat().st_size for file in tmp_path.iterdir())


def test_the_example_in_python_runs_as_it_stands() -> None:
    [example] = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", example], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 40


def test_the_demo_exchange_serves_the_client_beside_it() -> None:
    # The README's port may be taken on this machine: the same two commands, on a free one.
    server = start(*SERVER.replace("8080", "0").split()[1:])
    assert server.stdout is not None
    url = server.stdout.readline().strip()
    client = CLIENT.replace("ws://127.0.0.1:8080/ws/2", url).split()[1:]
    result = run(*client, "-n", "40")
    server.terminate()
    server.communicate(timeout=30)
    assert (result.code, len(result.records)) == (0, 40)


def test_two_commands_do_all_the_setup() -> None:
    assert len(SETUP) == 2
    assert all(len(block.splitlines()) == 1 for block in SETUP)
    assert SETUP[0].rstrip().endswith("--demo")
    assert SETUP[1].rstrip().endswith("pytest")


def test_every_command_is_named_and_every_option_of_the_table_exists() -> None:
    helps = {name: run(*name.split(), "--help").stdout for name in (*COMMANDS, *ORDERS)}
    for name in (*COMMANDS, "order", "candles", "deriv", "liquidations", "completion", "schema"):
        assert f"bfxstream {name}" in README
    for option in set(re.findall(r"`(--[a-z-]+)", README)):
        assert any(option in text for text in helps.values()), option


def test_exit_codes_are_those_of_the_help() -> None:
    told = re.findall(r"^ +(\d+) {2,}\S", run("--help").stdout, re.MULTILINE)
    assert told == ["0", "1", "2", "3", "4", "5", "130", "143"]
    for code in told:
        assert re.search(rf"^\| .*\b{code}\b.* \|", README, re.MULTILINE)
