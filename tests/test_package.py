"""What is built and installed: the wheel, the source distribution, the manual page in a prefix."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

import bfxstream

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "bfxstream"
SHARED = {
    "completions/bfxstream.bash": "bash-completion/completions/bfxstream",
    "completions/_bfxstream": "zsh/site-functions/_bfxstream",
    "completions/bfxstream.fish": "fish/vendor_completions.d/bfxstream.fish",
    "bfxstream/man/bfxstream.1": "man/man1/bfxstream.1",
}


def build(source: Path, kind: str, folder: Path) -> Path:
    """Build a `wheel` or an `sdist` of this source, without a network."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(folder)]
    subprocess.run(command, cwd=source, check=True, capture_output=True, timeout=60)
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, "wheel", tmp_path_factory.mktemp("wheel"))


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_wheel_has_the_whole_package_and_what_other_programs_look_for(wheel: Path):
    version = bfxstream.__version__
    assert wheel.name == f"bfxstream-{version}-py3-none-any.whl"
    package = {
        str(file.relative_to(ROOT)): file.read_bytes()
        for file in PACKAGE.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    shared = {
        f"bfxstream-{version}.data/data/share/{place}": (ROOT / file).read_bytes()
        for file, place in SHARED.items()
    }
    found = contents(wheel)
    information = {name for name in found if ".dist-info/" in name}
    assert {n: c for n, c in found.items() if n not in information} == package | shared
    assert (
        "bfxstream = bfxstream.cli:main"
        in found[f"bfxstream-{version}.dist-info/entry_points.txt"].decode()
    )


def test_the_source_distribution_builds_the_same_wheel(wheel: Path, tmp_path: Path):
    with tarfile.open(build(ROOT, "sdist", tmp_path / "sdist")) as archive:
        # Python 3.11.3 and older know no filter, 3.12 warns where there is none.
        safely: Any = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        archive.extractall(tmp_path, **safely)
    source = tmp_path / f"bfxstream-{bfxstream.__version__}"
    assert (source / "tests").is_dir()
    assert contents(build(source, "wheel", tmp_path / "wheel")) == contents(wheel)


def test_man_finds_the_page_where_the_wheel_is_installed(wheel: Path, tmp_path: Path):
    if shutil.which("man") is None:
        pytest.skip("man is not installed (.ci/run installs it)")
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index"]
    options = ["--no-compile", "--ignore-installed", "--no-warn-script-location"]
    prefix = tmp_path / "prefix"
    subprocess.run([*pip, *options, "--prefix", str(prefix), str(wheel)], check=True, timeout=60)
    (page,) = prefix.rglob("man1/bfxstream.1")
    environment = os.environ | {"MANPATH": str(page.parents[1]), "MANPAGER": "cat"}
    shown = subprocess.run(
        ["man", "bfxstream"], env=environment, check=True, capture_output=True, text=True
    )
    assert "BFXSTREAM(1)" in shown.stdout
