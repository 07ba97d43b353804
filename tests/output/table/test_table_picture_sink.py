"""The picture that a run leaves: once, of the last state, with its time."""

from __future__ import annotations

from xml.etree import ElementTree

from table_scene import START, Clock, deep_book, live_status, ticker

from bfxstream.output.table.picture_sink import PictureSink, picture_look
from bfxstream.output.table.strokes import RECTANGLES, path_of
from bfxstream.output.table.theme import UNICODE
from bfxstream.output.table.views import Views
from bfxstream.protocol.channels import parse_spec


def picture(*specs: str, size: tuple[int, int] = (100, 30)) -> tuple[PictureSink, list[str]]:
    subscriptions = [parse_spec(spec) for spec in specs]
    books = {s: deep_book(s) for s in subscriptions if s.channel == "book"}  # type: ignore[arg-type]
    saved: list[str] = []
    sink = PictureSink(
        Views(subscriptions, books, picture_look()),
        live_status(),
        title="bfxstream ticker <tBTCUSD>",
        size=lambda: size,
        save=saved.append,
        clock=Clock(),
        wall=lambda: 1_767_225_600.0,
    )
    return sink, saved


def text_of(document: str) -> str:
    return "\n".join(ElementTree.fromstring(document).itertext())


def test_one_picture_of_the_last_state_is_saved_when_the_run_ends() -> None:
    sink, saved = picture("ticker:tBTCUSD")
    sink.write([ticker(last_price=60000)])
    sink.tick(START)
    sink.write([ticker(last_price=61234)])
    assert saved == []
    sink.close()
    sink.close()
    [document] = saved
    assert sink.saved
    text = text_of(document)
    assert "61,234.0" in text and "60,000.0" in text  # the low is the other
    assert "2026-01-01 00:00:00 UTC" in text
    assert "Ctrl-C" not in text
    assert "bfxstream ticker <tBTCUSD>" in text


def test_where_nothing_came_nothing_is_saved() -> None:
    sink, saved = picture("ticker:tBTCUSD")
    sink.tick(START)
    sink.close()
    assert saved == []
    assert not sink.saved


def test_it_is_as_wide_as_asked_and_no_higher_than_it_needs() -> None:
    heights = []
    for specs in (("ticker:tBTCUSD",), ("book:tBTCUSD",)):
        sink, saved = picture(*specs, size=(120, 40))
        sink.write([ticker()])
        sink.close()
        root = ElementTree.fromstring(saved[0])
        assert root.get("width") == str(round(120 * 8.4 + 24))
        heights.append(int(root.get("height", "0")))
    assert heights[0] < heights[1] <= 40 * 18 + 48


def test_every_line_and_block_is_drawn_and_letters_are_written() -> None:
    glyphs = UNICODE
    drawn = {
        *(glyphs.blocks + glyphs.columns + glyphs.rising + glyphs.falling + glyphs.thick),
        *(glyphs.horizontal + glyphs.vertical + glyphs.up + glyphs.down + glyphs.dot),
        *(glyphs.top_left + glyphs.top_right + glyphs.bottom_left + glyphs.bottom_right),
        *(glyphs.hollow + glyphs.marker + glyphs.track + "\u2801\u28ff"),
    } - {" "}
    for glyph in drawn:
        assert list(path_of(glyph, 0, 0, "#fff")), glyph
    assert not list(path_of("60,123 tBTCUSD –…·", 0, 0, "#fff"))


def test_neighbours_that_fill_their_cells_are_one_shape() -> None:
    [bar] = path_of("████", 10, 0, "#fff")
    assert bar.count("M") == 1
    [candles] = path_of("┃┃", 0, 0, "#fff")
    assert candles.count("M") == 2 * len(RECTANGLES["┃"])
