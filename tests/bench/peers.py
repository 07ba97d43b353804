"""The other clients: each in a folder of its own under the cache, and how to get it there."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SCRIPTS = Path(__file__).with_name("clients")
DEFAULT_CACHE = Path("~/.cache/bfxstream-bench").expanduser()
PYTHON_PEERS = {
    "bitfinex-api-py": "bitfinex_api_py.py",
    "cryptofeed": "cryptofeed_client.py",
    "ccxt": "ccxt_client.py",
}
NODE_PEER = "bitfinex-api-node"
NAMES = (*PYTHON_PEERS, NODE_PEER)
_NODE_PACKAGE = {
    "private": True,
    "dependencies": {NODE_PEER: "9.1.0"},
    # Its release asks for a version of the REST client that npm does not have; the stream
    # does not use it.
    "overrides": {"bfx-api-node-rest": "7.0.0"},
}


@dataclass(frozen=True)
class Peer:
    """One other client, where it is installed."""

    name: str
    version: str
    command: tuple[str, ...]
    env: dict[str, str]


def find(name: str, cache: Path) -> Peer | str:
    """The peer, or why there is none."""
    return _find_node(cache) if name == NODE_PEER else _find_python(name, cache)


def _find_python(name: str, cache: Path) -> Peer | str:
    python = cache / name / "bin" / "python"
    query = f"import importlib.metadata as m; print(m.version({name!r}))"
    if not python.exists():
        return "not installed: python -m tests.bench --install-peers"
    answer = subprocess.run([python, "-c", query], capture_output=True, text=True, check=False)
    if answer.returncode:
        return f"its folder is there, the package is not: remove {cache / name}"
    command = (str(python), str(SCRIPTS / PYTHON_PEERS[name]))
    return Peer(name, answer.stdout.strip(), command, {})


def _find_node(cache: Path) -> Peer | str:
    modules = cache / NODE_PEER / "node_modules"
    node = shutil.which("node")
    if node is None:
        return "there is no node on this machine"
    if not (modules / NODE_PEER / "package.json").exists():
        return "not installed: python -m tests.bench --install-peers"
    version = json.loads((modules / NODE_PEER / "package.json").read_text())["version"]
    runtime = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    command = (node, str(SCRIPTS / "bitfinex_api_node.js"))
    described = f"{version} on node {runtime.stdout.strip()}"
    return Peer(NODE_PEER, described, command, {"NODE_PATH": str(modules)})


def install(cache: Path) -> None:
    """Get every peer that is not there; one that cannot be had is named, the others go on."""
    for name in NAMES:
        if isinstance(peer := find(name, cache), Peer):
            print(f"{name} {peer.version}: there already")
            continue
        folder = cache / name
        folder.mkdir(parents=True, exist_ok=True)
        steps = _node_steps(folder) if name == NODE_PEER else _python_steps(folder, name)
        try:
            for step in steps:
                subprocess.run(step, cwd=folder, check=True)
            print(f"{name}: installed")
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"{name}: cannot be had: {error}", file=sys.stderr)


def _python_steps(folder: Path, name: str) -> list[list[str]]:
    python = str(folder / "bin" / "python")
    return [
        [sys.executable, "-m", "venv", str(folder)],
        [python, "-m", "pip", "install", "--quiet", name],
    ]


def _node_steps(folder: Path) -> list[list[str]]:
    (folder / "package.json").write_text(json.dumps(_NODE_PACKAGE))
    return [["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"]]
