"""The ladder of an order book."""

from __future__ import annotations

import random

import pytest
from rich.segment import Segment
from table_scene import START, deep_book, level_book, rows_of, sink_for

from bfxstream.output.table import TableSink
from bfxstream.protocol.channels import BookSubscription, parse_spec

SPEC = "book:tBTCUSD"


def ladder(sink: TableSink, width: int = 100, height: int = 30) -> list[list[str]]:
    """The words of the rows below the header, and above the foot."""
    rows = rows_of(sink.render(width, height, START).text)
    head = next(i for i, words in enumerate(rows) if "PRICE" in words)
    return [words for words in rows[head + 1 : -1] if words and not words[0].startswith("╰")]


def bar_cells(line: list[Segment]) -> tuple[int, int]:
    """How many cells of the left half and of the right half lie on a bar."""
    cells = [
        segment.style is not None and segment.style.bgcolor is not None
        for segment in line
        for _ in segment.text
    ]
    half = len(cells) // 2
    return sum(cells[:half]), sum(cells[half:])


def test_levels_stand_best_first_with_their_running_totals() -> None:
    chance = random.Random(5)
    bids = [(60000 - i, f"{chance.random():.4f}") for i in range(12)]
    asks = [(60001 + 2 * i, f"{chance.random():.4f}") for i in range(12)]
    shuffled = chance.sample(bids, len(bids)), chance.sample(asks, len(asks))
    rows = ladder(sink_for(SPEC, books={SPEC: level_book(*shuffled)}))
    assert len(rows) == 12
    for i, row in enumerate(rows):
        bid_total = sum(float(amount) for _, amount in bids[: i + 1])
        ask_total = sum(float(amount) for _, amount in asks[: i + 1])
        assert row == [
            "1", bids[i][1], f"{bid_total:.4f}", f"{bids[i][0]:,}",
            f"{asks[i][0]:,}", f"{ask_total:.4f}", asks[i][1], "1",
        ]  # fmt: skip


def test_the_header_names_symbol_precision_mid_and_spread() -> None:
    book = level_book([(100, 1)], [("100.5", 1)])
    text = sink_for("book:tBTCUSD:P1", books={"book:tBTCUSD:P1": book}).render(100, 20, START).text
    assert "tBTCUSD P1" in text
    assert "mid 100.25  spread 0.5 (49.88 bp)" in text


def test_the_foot_tells_which_side_holds_more() -> None:
    book = level_book([(100, 3)], [(101, 1)])
    assert "bids 75%  asks 25%" in sink_for(SPEC, books={SPEC: book}).render(100, 20, START).text


def test_bars_grow_from_the_edges_towards_the_middle_with_the_total() -> None:
    book = level_book([(100, 1), (99, 3)], [(101, 1), (102, 1)])
    frame = sink_for(SPEC, books={SPEC: book}).render(100, 20, START)
    first, second = (bar_cells(frame.lines[i]) for i in (2, 3))
    assert second[0] == 47  # the deepest side's whole width
    assert first[0] == pytest.approx(second[0] / 4, abs=1)
    assert first[1] == pytest.approx(second[0] / 4, abs=1)
    assert second[1] == pytest.approx(second[0] / 2, abs=1)
    on_bar = [s.style.bgcolor is not None for s in frame.lines[2] if s.style]
    assert on_bar.index(True) < on_bar.index(False, 3)


def test_without_colour_bars_stand_beside_the_numbers() -> None:
    book = level_book([(100, 1), (99, 1)], [(101, 4)])
    frame = sink_for(SPEC, books={SPEC: book}, color=False).render(100, 20, START)
    assert all(s.style is None or s.style.bgcolor is None for line in frame.lines for s in line)
    first, second = frame.text.split("\n")[2:4]
    bids = [line[:50].count("█") for line in (first, second)]
    assert bids[0] * 2 == pytest.approx(bids[1], abs=1)
    assert first[50:].count("█") == pytest.approx(bids[0] * 4, abs=2)


def test_an_empty_book_is_waited_for() -> None:
    text = sink_for(SPEC, books={SPEC: level_book([], [])}).render(80, 24, START).text
    assert "waiting for the book…" in text
    assert "mid" not in text


def test_a_book_with_one_side_shows_that_side_and_no_mid() -> None:
    sink = sink_for(SPEC, books={SPEC: level_book([(100, 1), (99, 2)], [])})
    assert ladder(sink) == [["1", "1", "1", "100"], ["1", "2", "3", "99"]]
    assert "mid –  spread –" in sink.render(100, 30, START).text
    assert "bids 100%  asks 0%" in sink.render(100, 30, START).text


def test_a_book_is_read_when_it_is_drawn() -> None:
    book = level_book([(100, 1)], [(101, 1)])
    sink = sink_for(SPEC, books={SPEC: book})
    assert "mid 100.5 " in sink.render(100, 20, START).text
    book.load([])
    assert "waiting for the book…" in sink.render(100, 20, START).text


def test_levels_beyond_the_height_are_left_out_and_the_best_stay() -> None:
    rows = ladder(sink_for(SPEC), 80, 20)
    assert len(rows) == 16
    assert rows[0][3:5] == ["59,999", "60,001"]


def test_totals_and_counts_go_before_amounts_and_prices_never() -> None:
    sink = sink_for(SPEC)
    seen = []
    for width in range(120, 35, -1):
        rows = rows_of(sink.render(width, 19, START).text)
        half = next(words for words in rows if "PRICE" in words)
        seen.append(tuple(half[len(half) // 2 :]))
    assert list(dict.fromkeys(seen)) == [
        ("PRICE", "TOTAL", "AMOUNT", "COUNT"),
        ("PRICE", "TOTAL", "AMOUNT"),
        ("PRICE", "AMOUNT", "COUNT"),
        ("PRICE", "AMOUNT"),
    ]


def test_a_narrow_ladder_shows_amounts_with_fewer_digits_rather_than_none() -> None:
    book = level_book([("60117.5", "0.123456")], [("60129.5", "1.234567")])
    sink = sink_for(SPEC, books={SPEC: book})
    assert ladder(sink, 80, 20) == [["1", "0.12346", "0.12346", "60,117.5",
                                     "60,129.5", "1.23457", "1.23457", "1"]]  # fmt: skip
    assert ladder(sink, 36, 12)[0] == ["0.123", "60,117.5", "60,129.5", "1.235"]


def test_room_too_small_for_the_amount_is_given_to_the_count() -> None:
    book = level_book([("0.00003412", "12345.5")], [("0.00003413", "1")])
    rows = rows_of(sink_for(SPEC, books={SPEC: book}).render(36, 12, START).text)
    assert rows[1] == ["COUNT", "PRICE", "PRICE", "COUNT"]
    assert rows[2] == ["1", "0.00003412", "0.00003413", "1"]


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40)])
def test_no_ladder_of_seven_is_prices_alone(width: int, height: int) -> None:
    sink = sink_for(*[f"book:tAA{letter}USD" for letter in "ABCDEFG"])
    heads = [words for words in rows_of(sink.render(width, height, START).text) if "PRICE" in words]
    assert heads
    assert all(words.count("AMOUNT") == words.count("PRICE") for words in heads)


def test_both_sides_are_equally_wide_and_end_at_the_border() -> None:
    for width in (80, 81, 100, 101):
        lines = sink_for(SPEC).render(width, 20, START).text.split("\n")
        assert lines[1].startswith("│ COUNT ") and lines[1].endswith(" COUNT │")


@pytest.mark.parametrize("final", [False, True])
@pytest.mark.parametrize("height", [4, 5, 6, 7, 8])
def test_a_short_narrow_ladder_keeps_both_sides(height: int, final: bool) -> None:
    text = sink_for(SPEC).render(20, height, START, final=final).text
    assert "60,001" in text and "59,999" in text


def test_one_row_is_a_level_and_not_the_header() -> None:
    rows = rows_of(sink_for(SPEC).render(60, 3, START).text)
    assert rows[1][2:4] == ["59,999", "60,001"]


def test_a_narrow_ladder_stands_on_end_with_the_best_prices_in_the_middle() -> None:
    lines = sink_for(SPEC).render(40, 24, START).text.split("\n")
    middle = next(i for i, line in enumerate(lines) if "spread" in line)
    assert "mid 60,000" in lines[middle]
    assert lines[middle - 1].split()[0] == "60,001"
    assert lines[middle + 1].split()[0] == "59,999"
    assert lines[middle - 2].split()[0] == "60,002"


def test_a_raw_book_shows_order_ids_in_place_of_counts() -> None:
    text = sink_for("book:tBTCUSD:R0").render(120, 20, START).text
    assert "ORDER" in text and "COUNT" not in text
    assert "100000000001" in text and "100000000000" in text
    narrow = sink_for("book:tBTCUSD:R0").render(60, 20, START).text
    assert "ORDER" not in narrow and "AMOUNT" in narrow


def test_a_funding_book_shows_rates_and_periods_with_amounts_above_zero() -> None:
    text = sink_for("book:fUSD").render(120, 20, START).text
    rows = rows_of(text)
    head = next(words for words in rows if "DAYS" in words)
    assert head.count("DAYS") == 2 and head.count("COUNT") == 2
    assert "mid 0.0200%" in text
    first = rows[rows.index(head) + 1]
    assert first[0] == first[-1] == "2"
    assert first[1] == first[-2] == "30"
    assert first[4:6] == ["0.0199", "0.0201"]
    assert not any(word.startswith("-") for word in first)


def test_chosen_fields_are_the_columns_from_the_middle_outwards() -> None:
    sink = sink_for(SPEC, fields=["price", "amount"], books={SPEC: level_book([(9, 1)], [(10, 2)])})
    rows = rows_of(sink.render(100, 20, START).text)
    assert ["amount", "price", "price", "amount"] in rows
    assert ["1", "9", "10", "2"] in rows


def test_several_books_stand_side_by_side_where_they_fit_else_below_each_other() -> None:
    sink = sink_for("book:tBTCUSD", "book:tETHUSD")
    wide = sink.render(120, 30, START).text.split("\n")
    assert "tBTCUSD" in wide[0] and "tETHUSD" in wide[0]
    narrow = sink.render(60, 30, START).text.split("\n")
    assert "tBTCUSD" in narrow[0] and "tETHUSD" not in narrow[0]
    assert any("tETHUSD" in line for line in narrow[10:20])


def test_digits_stand_still_while_amounts_shrink() -> None:
    book = level_book([(100, "1234.5")], [(101, "1234.5")])
    sink = sink_for(SPEC, books={SPEC: book})
    before = sink.render(80, 20, START).text.split("\n")[1]
    book.load(level_book([(100, "1.5")], [(101, "1.5")]).bids.rows())
    assert sink.render(80, 20, START).text.split("\n")[1] == before


def test_a_book_of_every_length_is_drawn() -> None:
    subscription = parse_spec(SPEC)
    assert isinstance(subscription, BookSubscription)
    for levels in (1, 25, 250):
        rows = ladder(sink_for(SPEC, books={SPEC: deep_book(subscription, levels)}), 100, 40)
        assert len(rows) == min(levels, 36)


def test_keys_of_other_channels_are_no_columns_of_a_ladder() -> None:
    fields = ["symbol", "side", "last_price", "rate", "period", "amount", "price", "amount"]
    rows = rows_of(sink_for(SPEC, fields=fields).render(100, 20, START).text)
    assert rows[1] == ["price", "amount", "amount", "price"]
    rows = rows_of(sink_for("book:fUSD", fields=fields).render(100, 20, START).text)
    assert rows[1] == ["amount", "period", "rate", "rate", "period", "amount"]


def test_a_choice_without_any_key_of_the_ladder_leaves_it_as_it_is() -> None:
    chosen = sink_for(SPEC, fields=["symbol", "side", "last_price"]).render(100, 20, START)
    assert chosen.text == sink_for(SPEC).render(100, 20, START).text


def test_price_count_amount_and_total_can_be_chosen_in_any_order() -> None:
    fields = ["total", "price", "count", "amount"]
    rows = rows_of(sink_for(SPEC, fields=fields).render(100, 20, START).text)
    assert rows[1] == [*fields[::-1], *fields]
