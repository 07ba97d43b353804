"""The manual page: made from the commands, up to date, and one that man can read."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import click
import pytest

from bfxstream import __version__
from bfxstream.cli import cli, run_command
from bfxstream.cli.man import commands_below, man_page
from bfxstream.cli.roff import bold, escaped, item, paragraphs
from bfxstream.cli.topics import TOPICS

KEPT = Path(__file__).parents[2] / "bfxstream" / "man" / "bfxstream.1"
PAGE = man_page(cli)


def formatted(page: str, *command: str) -> subprocess.CompletedProcess[str]:
    """The page as a program shows it, without bold type."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed (.ci/run installs it)")
    environment = {
        "PATH": "/usr/bin:/bin",
        "LC_ALL": "C.UTF-8",
        "MANWIDTH": "80",
        "MANPAGER": "cat",
    }
    return subprocess.run(
        command, input=page, capture_output=True, text=True, check=False, env=environment
    )


def test_the_kept_page_is_up_to_date():
    anew = "bfxstream man >bfxstream/man/bfxstream.1"
    assert KEPT.read_text() == PAGE, f"stale; make it anew with: {anew}"


def test_the_page_is_printed(capsys):
    assert run_command(["man"]) == 0
    assert capsys.readouterr() == (PAGE, "")


def test_groff_reads_it_without_a_warning():
    done = formatted(PAGE, "man", "--warnings", "-l", "-")
    assert (done.returncode, done.stderr) == (0, "")


def test_mandoc_reads_it_without_a_warning():
    done = formatted(PAGE, "mandoc", "-T", "lint", "-W", "warning")
    assert (done.returncode, done.stdout) == (0, "")


def test_it_has_every_command_every_option_and_every_topic():
    text = formatted(PAGE, "man", "-l", "-").stdout
    assert f"bfxstream {__version__}" in text
    root = click.Context(cli, info_name="bfxstream")
    for below in commands_below(root):
        assert re.search(rf"^   {below.command_path}( \S.*)?$", text, re.MULTILINE)
        for option in below.command.params:
            if isinstance(option, click.Option):
                names = r",\s".join(sorted(option.opts, key=len))
                assert re.search(rf"^       {names}\b", text, re.MULTILINE), option
    sections = re.findall(r"^[A-Z][A-Z -]+$", text, re.MULTILINE)
    assert sections[:5] == [
        *("NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS", "OPTIONS OF STREAMING COMMANDS")
    ]
    assert len(sections) == 5 + len(TOPICS)
    assert {"EXIT STATUS", "ENVIRONMENT"} <= set(sections)


def test_it_is_installed_where_man_looks(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert run_command(["man", "--install"]) == 0
    place = tmp_path / "man/man1/bfxstream.1"
    assert place.read_text() == PAGE
    assert capsys.readouterr().err.startswith(f"bfxstream: wrote {place}; ")


# Text as roff.


@pytest.mark.parametrize(
    ("text", "roff"),
    [
        ("--no-color", r"\-\-no\-color"),
        (r"a\b", r"a\eb"),
        ("it's `so`", r"it\(aqs \(gaso\(ga"),
        ("P0…P4", r"P0\[u2026]P4"),
        ("~/x^", r"\(ti/x\(ha"),
        ("[a|b]", r"[a|\:b]"),
    ],
)
def test_every_character_is_printed_as_it_is(text, roff):
    assert escaped(text) == roff


def test_a_paragraph_is_filled_and_what_is_indented_stands_as_it_is():
    page = paragraphs(["one\ntwo", "  .a\n    b"])
    assert page == ".PP\none two\n.PP\n.RS 2\n.nf\n\\&.a\n  b\n.fi\n.RE\n"


def test_a_line_of_text_is_never_taken_for_a_request():
    assert item(bold("-x"), ".x") == ".TP\n\\fB\\-x\\fR\n\\&.x\n"
    words = paragraphs([" ".join([".a"] * 100)])
    assert not re.search(r"^\.a", words, re.MULTILINE)
