"""Every command and every recipe that the README shows is run, on the demo exchange."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import click
import pytest

from bfxstream.cli import cli
from bfxstream.cli.man import commands_below
from bfxstream.cli.topics import read_topic
from bfxstream.demo import DemoExchange
from bfxstream.demo.access import DEMO_KEY, DEMO_SECRET

from .command import clean_environment, installed_command, run, shell, start
from .terminal import Terminal

README = (Path(__file__).parents[2] / "README.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
SETUP = [block for block in BLOCKS if "python3 -m venv" in block]
[SERVER] = (block for block in BLOCKS if re.fullmatch("bfxstream demo-exchange .*\n", block))
[CLIENT] = (block for block in BLOCKS if re.fullmatch(r"bfxstream .*--url ws://.*\n", block))
[WALL] = (block for block in BLOCKS if block.startswith("tmux "))
EXAMPLES = [block for block in BLOCKS if block not in (*SETUP, SERVER, CLIENT, WALL)]

SERVICE = "%h/.local/bin/bfxstream"
"""Where the unit of systemd has the command."""


def commands(block: str) -> list[str]:
    """Each line on its own, where each is a command of its own; else the block as a script."""
    lines = block.splitlines()
    own = all(line.startswith("bfxstream ") and not line.endswith(("|", "\\")) for line in lines)
    return lines if own and "&\n" not in block else [block]


def block_of(language: str) -> str:
    """The one block of this language."""
    [block] = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    return str(block)


def on_a_free_port(script: str) -> str:
    """The script with a port of the system's choice: the README's may be taken."""
    url = "$(until [ -s url.txt ]; do sleep 0.1; done; cat url.txt)"
    return script.replace("--port 8080", "--port 0").replace("ws://127.0.0.1:8080/ws/2", url)


@pytest.fixture(scope="module")
def busy() -> Iterator[dict[str, str]]:
    """The environment in which a command streams from an exchange that is livelier than --demo."""
    with DemoExchange(seed=7, rate=1000) as exchange:
        yield {
            "BFXSTREAM_URL": exchange.url,
            "BFX_API_KEY": DEMO_KEY,
            "BFX_API_SECRET": DEMO_SECRET,
        }


@pytest.mark.parametrize("command", [c for block in EXAMPLES for c in commands(block)])
def test_an_example_runs_and_prints(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, busy: dict[str, str]
) -> None:
    monkeypatch.chdir(tmp_path)
    environment = {**busy, "BFXSTREAM_DURATION": "30s"}
    if not re.search(r" (-n|--once|--until|--duration)\b", command):
        environment["BFXSTREAM_COUNT"] = "2"
    command = command.replace("--duration 7d", "--duration 2s")
    result = shell(on_a_free_port(command), **environment)
    assert result.stderr == ""
    assert result.code == 0
    assert result.stdout or any(file.stat().st_size for file in tmp_path.iterdir())


def test_the_example_in_python_runs_as_it_stands() -> None:
    done = subprocess.run(
        [sys.executable, "-c", block_of("python")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 40


def test_the_demo_exchange_serves_the_client_beside_it() -> None:
    server = start(*on_a_free_port(SERVER).split()[1:])
    assert server.stdout is not None
    url = server.stdout.readline().strip()
    client = CLIENT.replace("ws://127.0.0.1:8080/ws/2", url).split()[1:]
    result = run(*client, "-n", "30")
    server.terminate()
    server.communicate(timeout=30)
    assert (result.code, len(result.records)) == (0, 30)


def test_the_tables_share_a_screen_of_tmux(tmp_path: Path) -> None:
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed (.ci/run installs it)")
    environment = {
        "PATH": f"{Path(installed_command()).parent}:{os.environ['PATH']}",
        "TMUX_TMPDIR": str(tmp_path),
        "BFXSTREAM_DEMO": "1",
    }
    wall = Terminal("sh", "-c", WALL, width=160, height=50, **environment)
    try:
        wall.wait_for(lambda: all(word in wall.text for word in ("spread", "fUSD", "tETHUSD")))
    finally:
        subprocess.run(["tmux", "kill-server"], env=clean_environment(**environment), check=True)
    wall.wait_for_end()


def test_the_command_of_the_unit_runs() -> None:
    [line] = re.findall(f"^ExecStart={SERVICE} (.*)$", block_of("ini"), re.MULTILINE)
    assert len(run(*line.split(), "--demo", "-n", "5").records) == 5


def test_systemd_has_nothing_to_say_against_the_unit(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not on this machine")
    # The command must exist: the one that is under test stands for the user's.
    file = tmp_path / "bfxstream.service"
    file.write_text(block_of("ini").replace(SERVICE, installed_command()))
    done = subprocess.run(
        ["systemd-analyze", "verify", str(file)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_line_for_cron_has_five_fields_and_a_command_that_runs(tmp_path: Path) -> None:
    [line] = (line for line in block_of("crontab").splitlines() if not line.startswith("#"))
    *times, command = line.split(maxsplit=5)
    limits = (59, 23, 31, 12, 7)
    assert all(t == "*" or int(t) <= most for t, most in zip(times, limits, strict=True))
    assert "%" not in command, "cron would take it for the end of a line"
    environment = {"HOME": str(tmp_path), "BFXSTREAM_DEMO": "1"}
    assert shell(f"sh -c {shlex.quote(command)}", **environment).stderr == ""
    assert (tmp_path / "prices.csv").read_text().count("\n") == 3


def test_two_commands_do_all_the_setup() -> None:
    assert len(SETUP) == 2
    assert all(len(block.splitlines()) == 1 for block in SETUP)
    assert SETUP[0].rstrip().endswith("--demo")
    assert SETUP[1].rstrip().endswith("pytest")


def test_every_command_is_named_and_every_option_of_the_text_exists() -> None:
    root = click.Context(cli, info_name="bfxstream")
    options = {
        name
        for below in commands_below(root)
        for parameter in below.command.params
        for name in parameter.opts
    }
    assert all(f"bfxstream {name}" in README for name in cli.lazy_commands)
    assert set(re.findall(r"`(--[a-z-]+)", README)) <= options


def test_exit_codes_are_those_of_the_help() -> None:
    table = run("--help").stdout.partition("Exit codes:\n")[2]
    told = re.findall(r"^ +(\d+) +(.*(?:\n {9}.*)*)", table, re.MULTILINE)
    assert [code for code, _ in told] == [
        "0",
        "1",
        "2",
        "3",
        "4",
        "5",
        "129",
        "130",
        "131",
        "141",
        "143",
    ]
    for code, meaning in told:
        assert f"| {code} | {' '.join(meaning.split())} |" in README.replace("`", "")


def test_the_recipes_of_the_help_are_recipes_of_the_readme() -> None:
    for block in read_topic("recipes").blocks():
        if block.startswith(" "):
            assert dedent(block) in README
