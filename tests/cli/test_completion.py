"""Completion scripts: made from the commands, up to date, safe, and put where shells look."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import click
import pytest

from bfxstream.cli import cli, run_command
from bfxstream.cli.completion import script_for
from bfxstream.cli.shells.install import place_for
from bfxstream.cli.shells.tree import Command, Kind, read_tree
from bfxstream.cli.types import SpecType, SymbolType

ROOT = Path(__file__).parents[2]
KEPT = {"bash": "bfxstream.bash", "zsh": "_bfxstream", "fish": "bfxstream.fish"}
REGENERATE = "; ".join(
    f"bfxstream completion {shell} >completions/{name}" for shell, name in KEPT.items()
)
SHELLS = pytest.mark.parametrize("shell", sorted(KEPT))


# What can be completed.


def found(*path: str) -> Command:
    (command,) = (c for c in read_tree(cli).walk() if c.path == path)
    return command


def test_every_command_and_every_option_is_there_with_its_help():
    root = read_tree(cli)
    assert [c.path for c in root.commands] == [(name,) for name in cli.lazy_commands]
    assert [c.path[1] for c in found("order").commands] == [
        *("new", "update", "cancel", "cancel-all", "list")
    ]
    for command in root.commands:
        known = cli.get_command(click.Context(cli), command.path[0])
        options = [p for p in known.params if isinstance(p, click.Option)]
        assert [f.names for f in command.flags] == [*map(names_of, options), ("-h", "--help")]
        assert all(flag.help for flag in command.flags)
        assert command.help


def names_of(option: click.Option) -> tuple[str, ...]:
    return tuple(option.opts)


def test_a_place_has_the_kind_of_its_type():
    book = found("book")
    values = {flag.names[0]: flag.values for flag in book.flags}
    assert book.arguments[0].kind is Kind.SYMBOLS
    assert book.arguments[0].repeats
    assert values["--prec"].words == ("P0", "P1", "P2", "P3", "P4", "R0")
    assert values["--duration"].kind is Kind.NOTHING
    assert values["--json"] is None
    faults = {flag.names[0]: flag.values for flag in found("demo-exchange").flags}["--fault"]
    assert faults.repeats
    assert {"all", "drop", "no-history"} <= set(faults.words)
    assert found("stream").arguments[0].kind is Kind.SPECS


@click.group()
def nested() -> None:
    """A program with commands below commands."""


@nested.group()
@click.option("--dry", is_flag=True, help="It's [only] a trial.")
def order() -> None:
    """Orders."""


@order.command()
@click.argument("symbol", type=SymbolType())
@click.argument("side", type=click.Choice(["buy", "sell"]))
@click.argument("specs", nargs=-1, type=SpecType())
@click.option("--from", "source", type=click.Path(), help="Read a file.")
@click.option("--hidden", hidden=True)
def new(**_: object) -> None:
    """A new order."""


@order.command(hidden=True)
def secret() -> None:
    """Nobody's business."""


def test_commands_below_commands_are_found_and_hidden_things_are_not():
    assert [c.path for c in read_tree(nested).walk()] == [(), ("order",), ("order", "new")]
    command = read_tree(nested).commands[0].commands[0]
    assert [a.kind for a in command.arguments] == [Kind.SYMBOLS, Kind.WORDS, Kind.SPECS]
    assert [flag.names for flag in command.flags] == [("--from",), ("--help",)]
    assert command.flags[0].values.kind is Kind.FILES


@SHELLS
def test_a_script_is_one_that_its_shell_can_read(shell):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed (.ci/run installs it)")
    for root in (cli, nested):
        done = subprocess.run(
            [shell, "-n"],
            input=script_for(shell, root),
            text=True,
            capture_output=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")


# bash alone, without a terminal: words in, words out.


def completed(line: str, script: str, breaks: str = " \t\n\"'><=;|&(:", **environment: str):
    """What bash would offer at the end of this line."""
    call = f"""set -u
        {script}
        COMP_LINE=$1 COMP_POINT=${{#1}} COMP_WORDBREAKS=$2 COMP_WORDS=(bfxstream)
        _bfxstream 2>/dev/null
        printf '%s\\n' ${{COMPREPLY[@]+"${{COMPREPLY[@]}}"}}
    """
    done = subprocess.run(
        ["bash", "--norc", "-c", call, "bash", line, breaks],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
        env={"HOME": "/nowhere", "PATH": "/usr/bin:/bin"} | environment,
    )
    assert done.stderr == ""
    return done.stdout.split()


BASH = script_for("bash", cli)
NESTED = script_for("bash", nested)


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("bfxstream tick", "ticker"),
        ("A=1 B=2 bfxstream tick", "ticker"),
        ("bfxstream nope", ""),
        ("bfxstream ticker --fi", "--fields"),
        ("bfxstream ticker --fields tBT", ""),
        ("bfxstream ticker --fields=tBT", ""),
        ("bfxstream ticker --count 5 tBTCU", "tBTCUSD"),
        ("bfxstream book -o=j", ""),
        ("bfxstream book -o j", "jsonl"),
        ("bfxstream book --output=j", "jsonl"),
        ("bfxstream ticker tBTCF0:", "USTF0"),
        ("bfxstream stream trades:tBTCF0:", "USTF0"),
        ("bfxstream stream tr", "trades:"),
        ("bfxstream schema ticker t", ""),
        ("bfxstream symbols tBT", ""),
        ("bfxstream candles --period a30:", "p2:p30"),
        ("bfxstream demo-exchange --fault no", "no-history"),
        ("bfxstream help gua", "guarantees"),
        ("bfxstream account --filter wa", "wallet"),
        ("bfxstream order new tBTCUSD --type exchange-st", "exchange-stop exchange-stop-limit"),
    ],
)
def test_bash_offers_what_follows_the_last_word_break(line, offered):
    assert completed(line, BASH) == offered.split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("bfxstream ticker tBTCF0:", "tBTCF0:USTF0"),
        ("bfxstream book --output=j", "--output=jsonl"),
        ("bfxstream stream book:fU", "book:fUSD"),
    ],
)
def test_bash_offers_whole_words_where_colons_break_none(line, offered):
    assert completed(line, BASH, breaks=" \t\n") == offered.split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("bfxstream ", "order"),
        ("bfxstream order ", "new"),
        ("bfxstream order --dry n", "new"),
        ("bfxstream order new fU", "fUSD"),
        ("bfxstream order new fUSD ", "buy sell"),
        ("bfxstream order new fUSD buy boo", "book:"),
        ("bfxstream order new fUSD buy book:fUSD book:fU", "fUSD"),
        ("bfxstream order new --from f fU", "fUSD"),
    ],
)
def test_bash_knows_the_place_of_each_argument_below_any_command(line, offered):
    assert completed(line, NESTED) == offered.split()


def test_bash_reads_the_kept_list_as_text_and_runs_nothing_of_it(tmp_path):
    kept = tmp_path / "bfxstream" / "symbols.txt"
    kept.parent.mkdir()
    kept.write_text(f"tETHUSD\n$(touch {tmp_path}/trace)\n`touch {tmp_path}/trace`\ntETHBTC\n")
    offered = completed("bfxstream ticker ", BASH, XDG_CACHE_HOME=str(tmp_path))
    assert offered[0] == "tETHUSD"
    assert offered[-1] == "tETHBTC"
    assert not (tmp_path / "trace").exists()


def test_bash_ignores_a_relative_cache_folder(tmp_path):
    kept = tmp_path / ".cache" / "bfxstream" / "symbols.txt"
    kept.parent.mkdir(parents=True)
    kept.write_text("tXRPUSD\n")
    line = "bfxstream ticker tX"
    assert completed(line, BASH, HOME=str(tmp_path), XDG_CACHE_HOME="here") == ["tXRPUSD"]


# fish alone, which tells its completions without a terminal.


def test_fish_says_what_an_option_is_for_once_and_not_beside_each_value():
    if shutil.which("fish") is None:
        pytest.skip("fish is not installed (.ci/run installs it)")
    asked = "complete -C 'bfxstream book --pre'; complete -C 'bfxstream book --prec R'"
    done = subprocess.run(
        ["fish", "--no-config", "-c", f"source; {asked}"],
        input=script_for("fish", cli),
        capture_output=True,
        text=True,
        check=True,
    )
    option, value = done.stdout.splitlines()
    assert re.fullmatch(r"--prec\t\S.+", option)
    assert value == "R0"


# The files that are kept.


@SHELLS
def test_the_kept_script_is_up_to_date(shell):
    kept = (ROOT / "completions" / KEPT[shell]).read_text()
    assert kept == script_for(shell, cli), f"stale; make it anew with: {REGENERATE}"


@SHELLS
def test_a_script_is_printed(capsys, shell):
    assert run_command(["completion", shell]) == 0
    assert capsys.readouterr() == (script_for(shell, cli), "")


# Installing.


@pytest.mark.parametrize(
    ("shell", "environment", "place"),
    [
        ("bash", {}, ".local/share/bash-completion/completions/bfxstream"),
        ("bash", {"XDG_DATA_HOME": "/data"}, "/data/bash-completion/completions/bfxstream"),
        ("bash", {"BASH_COMPLETION_USER_DIR": "/b"}, "/b/completions/bfxstream"),
        ("zsh", {}, ".local/share/zsh/site-functions/_bfxstream"),
        ("zsh", {"XDG_DATA_HOME": "relative"}, ".local/share/zsh/site-functions/_bfxstream"),
        ("fish", {}, ".config/fish/completions/bfxstream.fish"),
        ("fish", {"XDG_CONFIG_HOME": "/etc/me"}, "/etc/me/fish/completions/bfxstream.fish"),
    ],
)
def test_each_shell_has_its_place(shell, environment, place):
    assert place_for(shell, environment) == Path.home() / place


@SHELLS
def test_installing_says_where_it_went_and_may_be_repeated(capsys, monkeypatch, tmp_path, shell):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "BASH_COMPLETION_USER_DIR"):
        monkeypatch.delenv(name, raising=False)
    for _ in range(2):
        assert run_command(["completion", shell, "--install"]) == 0
        out, said = capsys.readouterr()
        place = place_for(shell)
        assert place.read_text() == script_for(shell, cli)
        assert (out, said.count("\n")) == ("", 1)
        assert said.startswith(f"bfxstream: wrote {place}; ")
    if shell == "zsh":
        assert f"fpath=({place.parent} $fpath)" in said


def test_a_place_that_cannot_be_written_is_an_error_with_a_way_out(capsys, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    monkeypatch.delenv("BASH_COMPLETION_USER_DIR", raising=False)
    assert run_command(["completion", "bash", "--install"]) == 1
    said = capsys.readouterr().err
    assert "Not a directory" in said
    assert "bfxstream completion bash" in said


@pytest.mark.parametrize("arguments", [[], ["tcsh"]])
def test_another_shell_is_a_usage_error_that_names_those_that_are_known(capsys, arguments):
    assert run_command(["completion", *arguments]) == 2
    assert "fish" in capsys.readouterr().err
