"""A call as a person is shown it: every character is there to see, and nothing of it acts."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crews.tools.call_words import arguments_in_words, reason_to_ask
from ledger.masking import mask_text
from ledger.outgoing import inert

PARTS = [
    *("<!channel>", "<a href=x>", "![p](https://evil.example/p.png?d=1)", "[here](http://evil.example)"),
    *("www.evil.example/x", "mailto:ann@evil.example", "@everyone", "javascript:alert(1)", "`code`", "**b**"),
    *("\u200b", "\u202e", "\U000e0041", "\x00", "é", "\\u003c", '"', "{", "]", "(", "\n", " ", "a", "1"),
]


def _original(shown: str) -> object:
    """The way back: links as they were, and JSON as it is read."""
    return json.loads(re.sub(r"\[([.:@])\]", r"\1", shown))


@given(st.lists(st.sampled_from(PARTS), max_size=12).map("".join))
def test_nothing_of_it_is_left_out_and_nothing_acts(text: str) -> None:
    shown = arguments_in_words({"body": text, "pieces": 3})
    assert inert(shown) == shown
    assert not re.search(r"[<>`\u200b\u202e\x00]|\*\*", shown)
    assert _original(shown) == {"body": text, "pieces": 3}


@given(st.text(max_size=60))
def test_any_text_comes_through_whole(text: str) -> None:
    shown = arguments_in_words({"body": text})
    assert inert(shown) == shown
    if mask_text(text) == text and not re.search(r"\[[.:@]\]", text):
        assert _original(shown) == {"body": text}


def test_secrets_are_masked_and_umlauts_stay() -> None:
    shown = arguments_in_words({"key": "sk-abcdefghijklmnopqrstuvwx", "an": "Jürgen"})
    assert shown == '{\n "key": "[masked secret]",\n "an": "Jürgen"\n}'


@pytest.mark.parametrize(("outside", "effect"), [(True, "somebody outside"), (False, "changes something")])
def test_the_reason_tells_what_the_tool_does_and_what_was_read(outside: bool, effect: str) -> None:
    why = reason_to_ask("Sends a mail. See https://evil.example/x", outside=outside, tainted_by=["E1", "E2"])
    assert "Sends a mail. See (link left out: evil[.]example)" in why
    assert effect in why
    assert "(E1, E2)" in why
    assert len(reason_to_ask("x" * 2_000, outside=outside, tainted_by=["E1"])) < 700
