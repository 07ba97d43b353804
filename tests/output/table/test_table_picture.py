"""Pictures of frames, and what importing costs."""

from __future__ import annotations

import subprocess
import sys
from xml.etree import ElementTree

from table_scene import START, Terminal, console_on, sink_for, ticker

from bfxstream.output.table import svg


def picture() -> str:
    sink = sink_for("ticker:tBTCUSD", "book:tBTCUSD", console=console_on(Terminal()), color=True)
    sink.write([ticker()])
    return svg(sink.render(100, 24, START), "bfxstream stream")


def test_a_picture_is_the_same_every_time() -> None:
    assert picture() == picture()


def test_a_picture_is_well_formed_and_shows_title_numbers_and_colours() -> None:
    document = picture()
    text = "".join(ElementTree.fromstring(document).itertext()).replace("\xa0", " ")
    assert "bfxstream stream" in text
    assert "60,123.0" in text
    assert "#0f4a35" in document and "#5a1e2a" in document


def test_colours_do_not_depend_on_the_environment_of_the_run() -> None:
    program = (
        "import sys; sys.path.insert(0, 'tests/output/table')\n"
        "from test_table_picture import picture; print(picture())"
    )
    pictures = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(sys.path), "TERM": term} | extra,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for term, extra in (("dumb", {"NO_COLOR": "1"}), ("xterm-256color", {"FORCE_COLOR": "1"}))
    }
    assert len(pictures) == 1


def test_importing_the_outputs_does_not_import_rich() -> None:
    program = (
        "import bfxstream.output, bfxstream.output.sink, sys; assert 'rich' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
