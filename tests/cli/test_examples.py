"""The examples of every command's help work as they stand: each is run on a demo exchange."""

from __future__ import annotations

import io
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from end_to_end.command import PATIENCE, installed_command
from end_to_end.terminal import Terminal

from bfxstream.cli import cli, run_command
from bfxstream.cli.man import commands_below
from bfxstream.cli.topics import TOPICS, read_topic
from bfxstream.demo import DemoExchange
from bfxstream.demo.access import DEMO_KEY, DEMO_SECRET

ROOT = click.Context(cli, info_name="bfxstream", **cli.context_settings)
HELPS = {c.command_path: c.get_help() for c in [ROOT, *commands_below(ROOT)]}
WIDEST = 76  # what 80 columns show of them

SAID = ("bfxstream: wrote ", "bfxstream: recorded ")
"""What a command says on standard error where all is well."""

EMPTY = (
    "bfxstream order list",
    "bfxstream order list tBTCUSD --fields id,amount,price",
    "bfxstream doctor --json | jq 'select(.state == \"failed\")'",
)
"""What has nothing to print: the examples before it have cancelled all, or nothing has failed."""

QUOTED = r"""(?:[^'"|>]|'[^']*'|"[^"]*")*"""


def examples_of(help: str) -> list[str]:
    """The lines below `Examples:`."""
    block = help.partition("Examples:\n")[2].partition("\n\n")[0]
    return [line.strip() for line in block.splitlines()]


@pytest.fixture(scope="module")
def exchange() -> Iterator[DemoExchange]:
    """One exchange for all of them."""
    with DemoExchange(seed=7, rate=300) as running:
        yield running


@pytest.fixture
def paste(exchange, new_process, monkeypatch, tmp_path, tmp_path_factory, capfd):
    """Runs a line as a shell would, `bfxstream` in it in process; its code and its output."""
    monkeypatch.chdir(tmp_path)
    environment = {
        **{"BFXSTREAM_URL": exchange.url, "BFXSTREAM_DURATION": "2s", "BFXSTREAM_COUNT": "1"},
        **{"BFX_API_KEY": DEMO_KEY, "BFX_API_SECRET": DEMO_SECRET},
        **dict.fromkeys(("HOME", "XDG_DATA_HOME"), str(tmp_path / "home")),
        "XDG_STATE_HOME": str(tmp_path_factory.mktemp("state")),
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    # `demo-exchange` would serve until it is interrupted.
    monkeypatch.setattr(DemoExchange, "wait", lambda self: None)

    def bash(script: str, given: str = "") -> str:
        line = ["bash", "-o", "pipefail", "-c", script]
        piped = {"input": given, "stdout": subprocess.PIPE, "text": True, "timeout": PATIENCE}
        return subprocess.run(line, check=True, **piped).stdout

    def run(line: str) -> tuple[int, str]:
        line = re.sub(r"\s+# .*", "", line)
        before, _, call = line.replace("8080", "0").partition("bfxstream ")
        call = call.replace("ws://127.0.0.1:0/ws/2", exchange.url)
        call = re.sub(r"--duration \S+", "--duration 2s", call)
        call = re.sub(r"--from \d+m", "--from 0s", call)  # so little is recorded
        arguments, after = re.fullmatch(f"({QUOTED})(.*)", call).groups()
        if arguments.startswith("watch ") and "--svg" not in arguments:
            return on_a_terminal(shlex.split(arguments), exchange.url)
        given = bash(before.rstrip("| ")).encode()
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given)))
        new_process()
        # A recording goes on until there is some of all that is replayed of it.
        monkeypatch.setenv("BFXSTREAM_COUNT", "1000" if arguments.startswith("record ") else "1")
        code = run_command(shlex.split(arguments))
        out, err = capfd.readouterr()
        assert [line for line in err.splitlines() if not line.startswith(SAID)] == []
        return code, bash(f"cat {after}", out) if after else out

    return run


def on_a_terminal(arguments: list[str], url: str) -> tuple[int, str]:
    """What fills a screen is run on one."""
    environment = {"BFXSTREAM_URL": url, "BFXSTREAM_DURATION": "500ms"}
    terminal = Terminal(installed_command(), *arguments, width=80, height=24, **environment)
    return terminal.wait_for_end(), terminal.text


def files_in(folder: Path) -> dict[Path, int]:
    """Each file with its size."""
    return {path: path.stat().st_size for path in folder.rglob("*") if path.is_file()}


def group_of(command: str) -> str:
    """Commands of a group are tried together: one makes the file, or the order, of another."""
    name = f"{command} ".split(" ")[1]
    return {"replay": "record"}.get(name, name)


@pytest.mark.parametrize("group", dict.fromkeys(map(group_of, HELPS)))
def test_every_example_of_a_help_works_when_it_is_pasted(paste, tmp_path: Path, group: str):
    specs = tmp_path / "specs.txt"
    specs.write_text("trades:tBTCUSD\n")
    for command in (command for command in HELPS if group_of(command) == group):
        examples = examples_of(HELPS[command])
        assert any(command in example for example in examples)
        for example in examples:
            assert len(example) <= WIDEST
            before = files_in(tmp_path)
            code, out = paste(example)
            assert code == 0, example
            assert out or files_in(tmp_path) != before or example in EMPTY, f"{example}: nothing"


# The recipes are the README's, and run as such.
@pytest.mark.parametrize("topic", [name for name in TOPICS if name != "recipes"])
def test_every_command_that_a_topic_shows_works(paste, topic: str):
    for line in read_topic(topic).text.splitlines():
        if line.startswith("  bfxstream "):
            assert paste(line)[0] == 0, line
