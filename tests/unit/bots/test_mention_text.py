"""What a person typed is what is asked, however Slack wrote it down."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.mention_text import question_in, unescape
from bots.mrkdwn import escape

US = "U0CREWDESK"


@pytest.mark.parametrize(
    ("sent", "asked"),
    [
        ("<@U0CREWDESK> how do I log in?", "how do I log in?"),
        ("<@U0CREWDESK|crewdesk>: how do I log in?", "how do I log in?"),
        ("hey <@U0CREWDESK>, how do I log in?", "hey how do I log in?"),
        ("how do I log in <@U0CREWDESK>", "how do I log in"),
        ("<@U0CREWDESK>", ""),
        ("<@U0CREWDESK>  \n ", ""),
        ("<@U0CREWDESK> who is <@U123>?", "who is @U123?"),
        ("<@U0CREWDESK> who is <@U123|ann>?", "who is @ann?"),
        ("what is <#C12|it-help> for", "what is #it-help for"),
        ("what is <#C12|> for", "what is #C12 for"),
        ("may I use <!channel> or <!subteam^S1|@it>?", "may I use @channel or @it?"),
        ("due <!date^1700000000^{date}|14 November>?", "due 14 November?"),
        ("is <https://vpn.example/|vpn.example> down", "is vpn.example down"),
        ("is <https://vpn.example/a?b=1&amp;c=2> down", "is https://vpn.example/a?b=1&c=2 down"),
        ("is <https://vpn.example|the VPN> down", "is the VPN (https://vpn.example) down"),
        ("write <mailto:it@shop.example|it@shop.example>", "write it@shop.example"),
        ("is 1 &lt; 2 &amp;&amp; 3 &gt; 2", "is 1 < 2 && 3 > 2"),
        ("what does &amp;lt; mean", "what does &lt; mean"),
        ("first line\nsecond line", "first line\nsecond line"),
    ],
)
def test_the_question_reads_as_it_was_typed(sent: str, asked: str) -> None:
    assert question_in(sent, US) == asked


TYPED = st.text(
    st.characters(
        exclude_categories=["Cs", "Cc"],
        exclude_characters="\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
    )
)


@given(TYPED)
def test_unescape_takes_back_what_escape_did(text: str) -> None:
    assert unescape(escape(text)) == text


@given(TYPED)
def test_any_typed_text_is_asked_unchanged(text: str) -> None:
    assert question_in(f"<@{US}> {escape(text)}", US) == text.strip()
