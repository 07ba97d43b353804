"""Completions in real shells, on a real pseudo-terminal: what a person's Tab key gives."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from .command import run
from .terminal import Terminal

SYMBOLS = ("tBTCUSD", "tBTCUST", "tBTCF0:USTF0", "tETHUSD", "tDUSK:USD", "fUSD", "fUST")
PROMPT = "ready> "


class Shell:
    """An interactive shell that has loaded the completions where a user's would lie."""

    def __init__(self, name: str, home: Path) -> None:
        if shutil.which(name) is None:
            pytest.skip(f"{name} is not installed (.ci/run installs it)")
        self.home = home
        # Whatever a completion would start leaves a trace.
        programs = home / "bin"
        programs.mkdir()
        for program in ("bfxstream", "python", "python3"):
            (programs / program).write_text(f"#!/bin/sh\necho {program} >>{home}/started\n")
            (programs / program).chmod(0o755)
        run("completion", name, "--install", **self._folders())
        self._terminal = Terminal(
            *getattr(self, f"_{name}")(),
            width=120,
            height=40,
            PATH=f"{programs}:/usr/bin:/bin",
            **self._folders(),
        )

    def _folders(self) -> dict[str, str]:
        return {
            "HOME": str(self.home),
            "XDG_CACHE_HOME": str(self.home / "cache"),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "XDG_DATA_HOME": str(self.home / "data"),
        }

    def _bash(self) -> list[str]:
        (self.home / ".bashrc").write_text(
            f". /usr/share/bash-completion/bash_completion\nPS1='{PROMPT}'\n"
            "bind 'set show-all-if-ambiguous on'\n"
        )
        return ["bash", "--noprofile"]

    def _zsh(self) -> list[str]:
        (self.home / ".zshrc").write_text(
            f"fpath=({self.home}/data/zsh/site-functions $fpath)\n"
            "autoload -Uz compinit && compinit -u\n"
            f"PS1='{PROMPT}'\nsetopt no_list_ambiguous\n"
        )
        return ["zsh", "-d"]

    def _fish(self) -> list[str]:
        folder = self.home / "config/fish"
        folder.mkdir(parents=True, exist_ok=True)
        # Else fish makes completions of all man pages when it starts for the first time.
        (self.home / "data/fish/generated_completions").mkdir(parents=True)
        (folder / "config.fish").write_text(
            f"function fish_prompt; echo -n '{PROMPT}'; end\nset -g fish_greeting\n"
            "set -g fish_autosuggestion_enabled 0\n"
        )
        return ["fish"]

    @property
    def line(self) -> str | None:
        """What stands behind the last prompt."""
        lines = [line for line in self._terminal.lines if line.startswith(PROMPT.rstrip())]
        return lines[-1].removeprefix(PROMPT.rstrip()).strip() if lines else None

    def type(self, keys: str) -> None:
        self._terminal.press(keys.encode())

    def wait_for_line(self, line: str) -> None:
        self._terminal.wait_for(lambda: self.line == line)

    def wait_for_words(self, words: tuple[str, ...]) -> None:
        self._terminal.wait_for(lambda: set(words) <= set(self._terminal.text.split()))

    def clear(self) -> None:
        """An empty line on an empty screen."""
        self.type("\x15")  # Ctrl-U
        self.wait_for_line("")
        self.type("\x0c")  # Ctrl-L
        self._terminal.wait_for(lambda: self._terminal.text.strip() == PROMPT.strip())

    def leave(self) -> None:
        self._terminal.process.kill()
        self._terminal.process.wait()


@pytest.fixture(scope="module", params=["bash", "zsh", "fish"])
def shell(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shell]:
    """Each shell in a home of its own."""
    shell = Shell(request.param, tmp_path_factory.mktemp(request.param))
    try:
        shell.wait_for_line("")
        yield shell
    finally:
        shell.leave()


@pytest.fixture
def symbols(shell: Shell) -> Iterator[None]:
    """The list that `bfxstream symbols` would have kept."""
    file = shell.home / "cache/bfxstream/symbols.txt"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{symbol}\n" for symbol in SYMBOLS))
    yield
    file.unlink()


COMPLETED = {
    "tick": "ticker",
    "demo-": "demo-exchange",
    "ticker --no-sn": "ticker --no-snapshot",
    "ticker -n 5 --demo tETH": "ticker -n 5 --demo tETHUSD",
    "book tBTCUSD --prec R": "book tBTCUSD --prec R0",
    "book tBTCUSD --prec=R": "book tBTCUSD --prec=R0",
    "ticker tBTCF": "ticker tBTCF0:USTF0",
    "ticker tBTCF0:U": "ticker tBTCF0:USTF0",
    "ticker tBTCUSD tDU": "ticker tBTCUSD tDUSK:USD",
    "stream book:tDU": "stream book:tDUSK:USD",
    "stream trades:tBTCF0:": "stream trades:tBTCF0:USTF0",
    "stream tic": "stream ticker:",
    "schema trad": "schema trades",
    "completion f": "completion fish",
    "candles fUSD --period a": "candles fUSD --period a30:p2:p30",
    "demo-exchange --fault no": "demo-exchange --fault no-history",
    "help guar": "help guarantees",
}

OFFERED = {
    "": ("ticker", "trades", "book", "stream", "symbols", "schema"),
    "book tBTCUSD --prec ": ("P0", "P1", "P2", "P3", "P4", "R0"),
    "ticker tBT": ("tBTCUSD", "tBTCUST", "tBTCF0:USTF0"),
    "ticker f": ("fUSD", "fUST"),
}


@pytest.mark.usefixtures("symbols")
def test_tab_completes_commands_flags_values_and_symbols(shell: Shell) -> None:
    for typed, line in COMPLETED.items():
        shell.type(f"bfxstream {typed}\t")
        shell.wait_for_line(f"bfxstream {line}")
        shell.clear()
    for typed, offered in OFFERED.items():
        shell.type(f"bfxstream {typed}\t")
        shell.wait_for_words(offered)
        shell.clear()
    assert not (shell.home / "started").exists(), "a completion started a program"


def test_without_a_list_there_is_a_symbol_of_each_form(shell: Shell) -> None:
    shell.clear()
    shell.type("bfxstream ticker tBTCU\t")
    shell.wait_for_line("bfxstream ticker tBTCUSD")
    shell.clear()
