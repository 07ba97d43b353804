"""What the figures were measured on: date, processor, and the versions of everything."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
from pathlib import Path

from .measure import PINNED

_LIBRARIES = ("bfxstream", "websocket-client", "msgspec")


def describe(peers: dict[str, str]) -> dict[str, str]:
    """One line for each thing that must be known to repeat the run."""
    now = datetime.datetime.now(datetime.timezone.utc)
    if PINNED is None:
        cores = "one core, or no way to pin: server and client share it"
    else:
        cores = f"server and reader pinned to core {PINNED[0]}, client to core {PINNED[1]}"
    return {
        "date": f"{now:%Y-%m-%d %H:%M} UTC",
        "processor": f"{_processor()}, {os.cpu_count()} cores; {cores}",
        "system": f"{platform.system()} {platform.release()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        **{name: importlib.metadata.version(name) for name in _LIBRARIES},
        **peers,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor() or "unknown processor")
