"""`python -m tests.bench`: the table that shows bfxstream beside other clients."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from . import contestants, machine, peers
from .scenarios import ON_REQUEST, SCENARIOS
from .turns import Bench

_SKEWING = ("PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE")
"""Set by some, and no client's own choice: two writes for each line that a script prints, and
everything that is not installed compiled anew at each start."""


def main() -> None:
    """Parse, run, print."""
    options = _parser().parse_args()
    for name in _SKEWING:
        os.environ.pop(name, None)
    if options.install_peers:
        peers.install(options.cache)
        return
    if not contestants.SCRIPT.exists():
        sys.exit(f"there is no {contestants.SCRIPT}: install bfxstream in this Python first")
    found, notes = contestants.available(options.peers, options.cache)
    about = machine.describe(notes)
    for name, text in about.items():
        print(f"- {name}: {text}")
    print("- median (min–max); ratio: of the first column, to the row with 1.00")
    progress = _silent if options.quiet else _on_stderr
    if options.keep is not None:
        options.keep.mkdir(parents=True, exist_ok=True)
    bench = Bench(
        options.runs,
        options.messages,
        found,
        progress,
        minutes=options.minutes,
        scale=options.scale,
        keep=options.keep,
        rounds=options.rounds,
    )
    tables = []
    default = [name for name in SCENARIOS if name not in ON_REQUEST]
    for name in options.scenarios or default:
        for table in SCENARIOS[name](bench):
            print(f"\n{table.markdown()}", flush=True)
            tables.append({"scenario": name, **table.plain()})
    if options.json:
        report: dict[str, Any] = {"about": about, "tables": tables}
        options.json.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    # Not `choices`: with nargs="*" argparse would hold the empty default against them.
    parser.add_argument(
        "scenarios", nargs="*", type=_scenario, metavar="SCENARIO", help=", ".join(SCENARIOS)
    )
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--messages", type=int, default=500_000)
    parser.add_argument(
        "--peers",
        type=lambda text: [name for name in text.split(",") if name],
        default=list(peers.NAMES),
        help="which other clients, with commas between; '' for none",
    )
    parser.add_argument("--cache", type=Path, default=peers.DEFAULT_CACHE)
    parser.add_argument("--install-peers", action="store_true", help="get them, then exit")
    parser.add_argument("--minutes", type=float, default=30.0, help="of chaos and of soak")
    parser.add_argument("--scale", type=float, default=0.1, help="what chaos multiplies times by")
    parser.add_argument("--rounds", type=int, default=200, help="of orders")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="for the files of chaos")
    parser.add_argument("--json", type=Path, metavar="FILE", help="every value of every run")
    parser.add_argument("--quiet", action="store_true", help="no progress on standard error")
    return parser


def _scenario(name: str) -> str:
    if name not in SCENARIOS:
        raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(SCENARIOS)}")
    return name


def _on_stderr(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
    else:
        print(text, file=sys.stderr)


def _silent(_: str) -> None:
    pass


main()
