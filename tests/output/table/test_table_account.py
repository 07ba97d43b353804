"""An account's tables: what each section says, and what gives way where room is short."""

from __future__ import annotations

from typing import Any

import pytest
from account_frames import record
from table_scene import START, Terminal, console_on, rows_of, sink_for, ticker

from bfxstream.output.table import theme
from bfxstream.output.table.account import shared_out
from bfxstream.output.table.theme import look_for
from bfxstream.output.table.views import Views
from bfxstream.protocol.account.filters import AccountFilter
from bfxstream.protocol.account.messages import AccountDecoder
from bfxstream.protocol.channels import AccountSubscription
from bfxstream.protocol.codes import Conf


def wallet(kind: str, currency: str, balance: object, available: object = None) -> Any:
    fields = {"wallet_type": kind, "currency": currency, "balance": balance}
    return record("wu", "wallet", **fields, balance_available=available)


def margin(*figures: object) -> Any:
    row = ",".join(map(str, figures))
    return AccountDecoder(Conf.NONE).decode(f'[0,"miu",["base",[{row}]]]'.encode()).payload[0]


WALLETS = [
    wallet("exchange", "BTC", 2, 1.5),
    wallet("exchange", "USD", 100000, 90000),
    wallet("margin", "USD", 10000.5, 10000.5),
    wallet("margin", "UST", 7),
]
EVERYTHING = [
    *WALLETS,
    record("pn", "position", symbol="tBTCUSD", amount=-0.5, pl=-12.5, pl_perc=-0.125,
           price_liq=80123.4567891, leverage=1.25),
    record("on", "order", id=7, price=69800),
    record("te", "trade", id=1, exec_amount=-0.25, exec_price=69801.5, maker=1),
    record("n", "notification", text="Submitting exchange limit buy order for 0.5 BTC."),
]  # fmt: skip


def account(*records: Any, width: int = 130, height: int = 40, **options: Any) -> list[list[str]]:
    """The words of each line of the account's tables with these records."""
    sink = sink_for("account", **options)
    sink.write(records)
    return rows_of(sink.render(width, height, START).text)


def row_of(rows: list[list[str]], *first: str) -> list[str]:
    return next(words for words in rows if tuple(words[: len(first)]) == first)


def section(rows: list[list[str]], title: str) -> list[list[str]]:
    """A section's rows, header first."""
    start = next(i for i, words in enumerate(rows) if title in words[:2])
    end = next(i for i, words in enumerate(rows[start:]) if words and words[0].startswith("╰"))
    return [words for words in rows[start + 1 : start + end] if words]


def test_wallets_are_added_up_for_each_currency_dollars_first() -> None:
    header, *rows = section(account(*WALLETS), "Wallets")
    assert header == ["CURRENCY", "EXCHANGE", "MARGIN", "FUNDING", "TOTAL", "AVAILABLE"]
    assert rows == [
        ["USD", "100,000.0", "10,000.5", "–", "110,000.5", "100,000.5"],
        ["BTC", "2", "–", "–", "2", "2"],
        ["UST", "–", "7", "–", "7", "–"],
    ]


def test_the_worth_is_the_exchanges_own() -> None:
    rows = account(*WALLETS, record("bu", "balance", aum=250000.5))
    assert "250,000.50 USD" in " ".join(rows[0])


def test_a_position_tells_its_side_and_its_loss_by_words_and_signs() -> None:
    rows = account(*EVERYTHING, margin(-12.5, 0, 10000, 9987.5, 3500))
    assert row_of(rows, "tBTCUSD", "▼", "short") == [
        *("tBTCUSD", "▼", "short", "0.5", "69,000.5"),
        *("-12.50", "▼", "-0.12%", "80,123.5", "1.2"),
    ]
    assert "-12.50 USD margin 9,987.50 USD" in " ".join(row_of(rows, "╭─", "Positions"))


def test_what_is_not_calculated_is_nothing() -> None:
    rows = account(record("pn", "position", symbol="tBTCUSD", amount=1))
    assert row_of(rows, "tBTCUSD")[5:] == ["–"] * 4


def test_an_order_tells_what_remains_and_how_much_is_filled() -> None:
    rows = account(
        record("on", "order", id=7, amount=-0.25, amount_orig=-1, flags=4160, mts_create=0,
               status="PARTIALLY FILLED @ 69800.0(-0.75)"),
    )  # fmt: skip
    assert " ".join(row_of(rows, "tBTCUSD")) == (
        "tBTCUSD ▼ sell 0.25 69,800 exchange limit, hidden, post-only 75% partially filled "
        "01-01 00:00:00 7"
    )


def test_what_has_ended_is_gone_and_what_there_is_not_is_said() -> None:
    rows = account(*EVERYTHING, record("oc", "order", id=7), record("pc", "position",
                   symbol="tBTCUSD"))  # fmt: skip
    assert section(rows, "Orders") == [["none"]]
    assert section(rows, "Positions") == [["none"]]
    assert section(account(), "Executions") == [["none", "yet"]]


def test_the_newest_execution_is_on_top_and_gets_its_fee() -> None:
    _, *rows = section(
        account(
            record("te", "trade", id=1, exec_amount=0.5, mts_create=1000, maker=1),
            record("te", "trade", id=2, mts_create=2000),
            record("tu", "trade", id=1, exec_amount=0.5, mts_create=1000, maker=1, fee=-0.0005,
                   fee_currency="BTC"),
        ),
        "Executions",
    )  # fmt: skip
    newest, oldest = (" ".join(words) for words in rows)
    assert newest == "00:00:02.000 tBTCUSD ▼ sell 0.25 69,801.5 – taker exchange limit 7"
    assert oldest == "00:00:01.000 tBTCUSD ▲ buy 0.50 69,801.5 -0.0005 BTC maker exchange limit 7"


def test_funding_has_a_section_where_there_is_some() -> None:
    assert not any("Funding" in words[:2] for words in account(*EVERYTHING))
    rows = account(record("fon", "funding_offer"), record("fcn", "funding_credit", side=-1))
    _, offer, credit = section(rows, "Funding")
    assert " ".join(offer) == "offer fUSD ▲ lend 150 0.02 30 active"
    assert " ".join(credit[:4]) == "credit fUSD ▼ borrow"


def test_what_has_just_changed_is_highlighted_for_a_moment() -> None:
    sink = sink_for("account")

    def lit(now: float) -> dict[str, Any]:
        """The highlighted texts, and whether up or down."""
        styles = {theme.FLASH_UP: "up", theme.FLASH_DOWN: "down", theme.FLASH: "other"}
        segments = [s for line in sink.render(130, 40, now).lines for s in line if s.text.strip()]
        return {s.text: styles[s.style] for s in segments if s.style in styles and s.text != "USD"}

    sink.write([wallet("exchange", "USD", 100.5), record("on", "order", id=7, status="ACTIVE")])
    plain = lit(START)
    changed = record("ou", "order", id=7, amount=0.125, status="PARTIALLY FILLED @ 1.0(0.125)")
    sink.write([wallet("exchange", "USD", 110.5), changed])
    flashing = {each: how for each, how in lit(START + 0.1).items() if each not in plain}
    assert flashing == {
        "110.5": "up",
        **{"75%": "other", "partially filled": "other"},
    }
    assert lit(START + 1.0).keys() <= plain.keys() | {"110.5"}  # sums are bold


def test_a_highlight_is_counted_until_its_end_so_that_the_end_is_drawn() -> None:
    views = Views([AccountSubscription()], {}, look_for(console_on(Terminal()), True))
    for balance in (100.5, 110.5):
        views.take([wallet("exchange", "USD", balance)], START)
        views.compose(130, 40, START, fill=True)
    views.observe(START + 0.1)
    assert views.highlighted == 2  # the wallet's amount, and the sum
    views.observe(START + 1)
    assert views.highlighted == 0


def test_the_last_notification_is_a_line() -> None:
    said = row_of(account(*EVERYTHING), "●", "success")
    assert " ".join(said[2:]) == "Submitting exchange limit buy order for 0.5 BTC."


@pytest.mark.parametrize(
    ("words", "titles"),
    [
        ((), ["Wallets", "Positions", "Orders", "Executions"]),
        (("trading",), ["Positions", "Orders", "Executions"]),
        (("wallet-exchange-BTC",), ["Wallets"]),
        (("order", "trade"), ["Orders", "Executions"]),
        (("notify",), []),
    ],
)
def test_filters_leave_out_sections(words: tuple[str, ...], titles: list[str]) -> None:
    sink = sink_for("account", account=AccountFilter(words))
    rows = rows_of(sink.render(130, 40, START).text)
    known = ("Wallets", "Positions", "Orders", "Funding", "Executions")
    assert [word for words in rows for word in words[:2] if word in known] == titles


def test_narrow_terminals_drop_the_least_important_columns() -> None:
    wide, narrow = (section(account(*EVERYTHING, width=width), "Orders")[0] for width in (130, 60))
    assert wide[-1] == "ID"
    assert narrow == ["SYMBOL", "SIDE", "AMOUNT", "PRICE", "TYPE", "FILLED"]
    tiny = " ".join(map(" ".join, account(*EVERYTHING, width=30, height=30)))
    assert "tBTCUSD" in tiny and "100,000" in tiny


def test_a_section_that_is_too_high_says_how_much_is_not_shown() -> None:
    orders = [record("on", "order", id=i) for i in range(30)]
    rows = account(*orders, height=30)
    shown = len(section(rows, "Orders")) - 1
    assert f"{30 - shown} more" in " ".join(row_of(rows, "╭─", "Orders"))
    assert "1 more below" in " ".join(map(" ".join, account(*EVERYTHING, *orders, height=15)))


def test_chosen_fields_are_the_columns() -> None:
    rows = account(*EVERYTHING, fields=["symbol", "price", "pl"])
    assert section(rows, "Orders") == [["symbol", "price"], ["tBTCUSD", "69800"]]
    assert section(rows, "Positions") == [["symbol", "pl"], ["tBTCUSD", "-12.5"]]


def test_an_account_stands_below_the_tickers() -> None:
    sink = sink_for("ticker:tBTCUSD", "account")
    sink.write([ticker(), *EVERYTHING])
    text = sink.render(100, 40, START).text
    assert text.index("Tickers") < text.index("Wallets") < text.index("Executions")
    assert text.count("\n") == 39


@pytest.mark.parametrize(("width", "height"), [(170, 50), (100, 24), (60, 14), (40, 12), (20, 5)])
def test_a_frame_has_the_screens_size_whatever_that_is(width: int, height: int) -> None:
    sink = sink_for("account")
    sink.write(EVERYTHING)
    frame = sink.render(width, height, START)
    assert len(frame.lines) == height
    assert all(len(line) <= width for line in frame.text.split("\n"))


def test_no_control_character_of_the_exchange_reaches_the_terminal() -> None:
    evil = "\x1b[2J\x07x"
    terminal = Terminal()
    sink = sink_for("account", console=console_on(terminal, color=None))
    sink.write(
        [
            wallet(evil, evil, 1),
            record("on", "order", symbol=evil, order_type=evil, status=evil, routing=evil),
            record("pn", "position", symbol=evil, status=evil),
            record("te", "trade", symbol=evil, order_type=evil, fee=-1, fee_currency=evil),
            record("fon", "funding_offer", symbol=evil, status=evil),
            record("n", "notification", status=evil, text=evil),
        ]
    )
    frame = sink.render(130, 40, START).text
    assert not any(ord(char) < 32 and char != "\n" for char in frame)


def test_a_dumb_terminal_gets_a_line_for_what_happens_and_the_tables_at_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    terminal = Terminal()
    sink = sink_for("account", console=console_on(terminal))
    sink.write([record("os", "order", id=7), record("te", "trade", id=1)])
    lines = terminal.getvalue().split("\n")
    assert lines == ["account trade        te        tBTCUSD  -0.25  69801.5  –  –", ""]
    sink.close()
    assert "exchange limit" in terminal.getvalue()
    assert "\x1b" not in terminal.getvalue()


@pytest.mark.parametrize(
    ("wishes", "room", "heights"),
    [([5, 5], 10, [5, 5]), ([5, 5], 14, [5, 9]), ([9, 5], 10, [5, 5]), ([9, 3], 10, [7, 3])],
)
def test_height_is_shared_out_in_turn(wishes: list[int], room: int, heights: list[int]) -> None:
    assert shared_out(wishes, [3, 3], room) == heights
