"""The house: which room may use which, and what a start must not pay for."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import bfxstream

PACKAGE = Path(bfxstream.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

# What each room may use beside itself: the table of the design.
ROOMS = {
    "errors": set(),
    "durations": set(),
    "condition": {"protocol", "errors"},
    "protocol": {"errors"},
    "book": {"protocol", "errors"},
    "trades": {"protocol", "errors"},
    "account": {"protocol", "trades", "errors"},
    "folders": set(),
    "capture": {"protocol", "errors"},
    "audit": {"protocol", "book", "trades", "capture", "errors"},
    "stream": {"protocol", "book", "trades", "account", "capture", "folders", "errors"},
    "output": {"protocol", "book", "account", "condition", "errors"},
    "demo": {"protocol", "book", "durations", "errors"},
    "cli": {
        *("protocol", "book", "trades", "account", "condition", "durations", "folders"),
        *("stream", "output", "demo", "capture", "audit", "errors", ""),
    },
    "__main__": {"cli"},
    "face": {"protocol", "book", "stream", "demo", "durations", "errors"},
    "": {"face", "protocol", "book", "stream", "errors"},  # names, loaded when they are used
}


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)


def room_of(module: str) -> str:
    """`bfxstream.output.table.sink` is in the room `output`, `bfxstream` itself in the room ``."""
    room = module.split(".")[1] if "." in module else ""
    return "" if room == "__init__" else room


def imports_of(path: Path) -> Iterator[str]:
    """Every module of ours that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("bfxstream"))
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            module = node.module or ""
            if module == "bfxstream":
                rooms = [name for name in (a.name for a in node.names) if name in ROOMS]
                yield from (f"bfxstream.{room}" for room in rooms)
                if len(rooms) < len(node.names):
                    yield module
            elif module.startswith("bfxstream."):
                yield module


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_uses_only_the_rooms_that_its_room_may(path):
    room = room_of(name_of(path))
    used = {room_of(module) for module in imports_of(path)} - {room}
    assert used <= ROOMS[room], f"{room or 'bfxstream'} must not use {used - ROOMS[room]}"


def test_the_import_finder_finds_what_it_must():
    """The test above would pass if it saw nothing."""
    seen = {room_of(m) for path in (PACKAGE / "cli").glob("*.py") for m in imports_of(path)}
    assert {"stream", "output", "demo", "protocol", ""} <= seen


@pytest.mark.parametrize("room", ["protocol", "book", "trades", "account", "condition", "errors"])
def test_the_pure_rooms_touch_neither_network_nor_clock(room):
    forbidden = {"socket", "ssl", "time", "threading", "asyncio", "select", "os", "websocket"}
    files = [path for path in MODULES if room_of(name_of(path)) == room]
    assert files
    for path in files:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not forbidden & {name.split(".")[0] for name in names}, path


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_says_in_its_first_line_what_it_is_for(path):
    docstring = ast.get_docstring(ast.parse(path.read_text())) or ""
    assert docstring.partition("\n")[0].strip(), "the docstring is missing, or begins on line 2"


HEAVY = {"rich", "websockets", "websocket", "asyncio", "ssl", "msgspec", "bfxstream.demo"}


def imported_by(*arguments: str) -> set[str]:
    """Every module that this command line imports."""
    answer = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "bfxstream", *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "bfxstream" in answer.stdout
    imported = {line.rpartition("|")[2].strip() for line in answer.stderr.splitlines()}
    assert "bfxstream.cli" in imported
    return imported


@pytest.mark.parametrize("argument", ["--version", "--help", "help"])
def test_a_mere_question_is_answered_without_the_heavy_modules(argument):
    assert not HEAVY & imported_by(argument)


def test_a_start_does_not_pay_for_help_that_nobody_has_asked_for():
    assert not {"difflib", "pathlib"} & imported_by("--version")


def test_a_stream_starts_without_what_only_look_ups_need():
    look_ups = {"bfxstream.stream.rest", "bfxstream.stream.symbol_cache", "urllib.request"}
    look_ups |= {"bfxstream.capture.steps", "bfxstream.stream.recording"}
    imported = imported_by("ticker", "--help")
    assert "bfxstream.stream.market" in imported
    assert not look_ups & imported


def test_the_package_is_imported_without_the_heavy_modules():
    script = "import sys, bfxstream; print(*sys.modules)"
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    imported = set(answer.stdout.split())
    assert "bfxstream.stream" in imported
    assert not HEAVY & imported
