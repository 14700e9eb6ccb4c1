"""No text can make Slack act, and no cut can change what a text says."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.mrkdwn import escape, fit, split_text, to_mrkdwn

LONE_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt);)")


@given(st.text())
def test_nothing_slack_acts_on_is_left(text: str) -> None:
    for written in (escape(text), to_mrkdwn(text)):
        assert "<" not in written
        assert ">" not in written
        assert not LONE_AMPERSAND.search(written)
        written.encode()


@pytest.mark.parametrize(
    "hostile", ["<!channel>", "<@U1>", "<https://evil.example|your manager>", "&lt;!here&gt;"]
)
def test_a_hostile_text_is_shown_letter_by_letter(hostile: str) -> None:
    shown = escape(hostile).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert shown == hostile


def test_text_that_would_turn_around_what_follows_is_set_straight() -> None:
    assert escape("pay \u202e001\u202c now\x07") == "pay 001 now"


def test_bold_and_bullets_are_written_in_slacks_way() -> None:
    assert to_mrkdwn("**Days off**\n- 30 days\n  * more") == "*Days off*\n• 30 days\n  • more"
    assert to_mrkdwn("2 ** 3 ** 4 and a*b") == "2 ** 3 ** 4 and a*b"


@given(st.text(alphabet="ab &<\n", max_size=300), st.integers(min_value=8, max_value=40))
def test_pieces_are_short_whole_and_lose_only_white_space(text: str, limit: int) -> None:
    escaped = escape(text)
    pieces = split_text(escaped, limit)
    assert all(0 < len(piece) <= limit and not LONE_AMPERSAND.search(piece) for piece in pieces)
    assert re.sub(r"\s", "", "".join(pieces)) == re.sub(r"\s", "", escaped)


@given(st.text(alphabet="ab &<", max_size=60), st.integers(min_value=8, max_value=40))
def test_what_is_too_long_is_cut_between_letters(text: str, limit: int) -> None:
    escaped = escape(text)
    cut = fit(escaped, limit)
    assert len(cut) <= limit
    assert not LONE_AMPERSAND.search(cut)
    assert cut == escaped or cut.endswith("…")


def test_pieces_part_at_paragraphs_first() -> None:
    assert split_text("one two\n\nthree four\nfive", 16) == ["one two", "three four\nfive"]
