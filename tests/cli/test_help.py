"""`bfxstream help`: topics that say what is so, and the help of each command."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import click
import msgspec
import pytest

import bfxstream.cli.topics
from bfxstream.cli import cli, run_command
from bfxstream.cli.man import commands_below
from bfxstream.cli.topics import TOPICS, exit_codes, read_topic
from bfxstream.errors import ExitCode
from bfxstream.protocol.events import Event
from bfxstream.protocol.records import Stats
from bfxstream.protocol.schema import SCHEMAS

CONTEXT = click.Context(cli, info_name="bfxstream", **cli.context_settings)
COMMANDS = {below.command_path: below.command for below in commands_below(CONTEXT)}
EACH_TOPIC = pytest.mark.parametrize("name", TOPICS)


@pytest.fixture
def answer(capsys):
    """Runs a command in process: its exit code, what it printed, what it said."""

    def ask(*arguments: str) -> tuple[int, str, str]:
        code = run_command(list(arguments))
        return (code, *capsys.readouterr())

    return ask


def test_every_text_is_a_topic():
    folder = Path(bfxstream.cli.topics.__file__).parent
    assert sorted(TOPICS) == sorted(file.stem for file in folder.glob("*.txt"))


@EACH_TOPIC
def test_a_topic_is_printed_with_its_title(answer, name):
    code, out, err = answer("help", name)
    assert (code, err) == (0, "")
    topic = read_topic(name)
    assert out.startswith(f"{topic.title}\n\n{topic.text}\n")
    assert max(map(len, f"{topic.title}\n{topic.text}".splitlines())) <= 79


def test_without_a_name_all_topics_and_all_commands_are_listed(answer):
    code, out, err = answer("help")
    assert (code, err) == (0, "")
    listed = re.findall(r"^  ([a-z-]+) +\S", out, re.MULTILINE)
    assert listed == [*TOPICS, *cli.lazy_commands]


@pytest.mark.parametrize("path", [path for path in COMMANDS if path.split()[1:] != ["symbols"]])
def test_a_command_is_answered_with_its_help(answer, path):
    assert answer("help", *path.split()[1:]) == answer(*path.split()[1:], "--help")


def test_a_name_that_is_both_is_answered_with_both(answer):
    help_of_command = answer("symbols", "--help")[1]
    out = answer("help", "symbols")[1]
    assert (
        out == f"{read_topic('symbols').title}\n\n{read_topic('symbols').text}\n\n{help_of_command}"
    )


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("guarantee", "did you mean 'guarantees'?"),
        ("tickr", "did you mean 'ticker'?"),
        ("exitcodes", "did you mean 'exit-codes'?"),
        ("zzz", "'bfxstream help' lists them all"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(answer, name, hint):
    error = f"bfxstream: {name!r} is neither a topic nor a command; {hint}\n"
    assert answer("help", name) == (ExitCode.USAGE, "", error)


def test_nothing_is_below_a_command_that_is_no_group(answer):
    code, _, err = answer("help", "ticker", "new")
    assert code == ExitCode.USAGE
    assert "'ticker new'" in err


def test_a_pipe_has_no_pager(answer, monkeypatch):
    monkeypatch.setenv("LINES", "5")
    monkeypatch.setattr(click, "echo_via_pager", None)  # nothing may call it
    assert answer("help", "output")[0] == 0


# What the texts say is so.


@EACH_TOPIC
def test_a_topic_names_only_commands_and_options_that_exist(name):
    options = {
        option
        for command in COMMANDS.values()
        for parameter in command.get_params(CONTEXT)
        for option in parameter.opts
    }
    text = read_topic(name).text
    of_others = {"--csv"}  # of sqlite3
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text)) <= options | of_others
    for command in re.findall(r"(?:^  |`)bfxstream ([a-z-]+)", text, re.MULTILINE):
        assert f"bfxstream {command}" in COMMANDS


def test_the_keys_of_each_record_are_those_it_has():
    text = re.sub(r"\((funding|R0|funding R0|--view \w+)\)", "", read_topic("records").text)
    told = " ".join(text.split())
    for name in ("ticker", "trades", "book", "candles", "symbols"):
        for record in SCHEMAS[name]:
            keys = [
                field.name
                for field in msgspec.structs.fields(record)
                if field.default is not msgspec.UNSET
            ]
            assert f"{name} {' '.join(keys)} " in f"{told} ", record


def told_in_table(name: str, first: str) -> dict[str, list[str]]:
    """The lines that follow each name, in the topic's table that begins with this one."""
    [table] = (block for block in read_topic(name).blocks() if block.startswith(f"  {first} "))
    entries = re.split(r"^  (?=\w)", table, flags=re.MULTILINE)[1:]
    return {entry.split()[0]: entry.splitlines()[1:] for entry in entries}


def test_the_events_and_their_keys_are_those_that_exist():
    told = {name: lines[-1].split() for name, lines in told_in_table("events", "spread").items()}
    shared = set(Event.__struct_fields__)
    assert told == {
        event.__struct_config__.tag: [n for n in event.__struct_fields__ if n not in shared]
        for event in Event.__subclasses__()
    }


def test_the_counters_are_those_that_exist_in_their_order():
    assert tuple(told_in_table("events", "messages")) == Stats.__struct_fields__


def test_every_exit_code_is_told():
    by_signals = {128 + number for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGPIPE)}
    assert re.findall(r"^ +(\d+) ", exit_codes(), re.MULTILINE) == [
        str(code) for code in sorted(by_signals.union(map(int, ExitCode)))
    ]
