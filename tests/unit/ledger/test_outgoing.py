"""What leaves in words: nothing that a program would load, follow or announce."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.outgoing import in_words, inert, is_disguised, is_own, links_in, without_unseen

OWN = frozenset({"shop.example"})


@pytest.mark.parametrize(
    "link",
    [
        "https://shop.example@evil.example/",
        "https://user:pass@shop.example/",
        "https://xn--shp-ula.example/",
        "https://shоp.example/",  # the o is Cyrillic
        "https://shop.example.evil.example/",
        "https://shop-example.com/",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://[::1]/",
        "https://shop.example:8443/",
        "https://shop.example/?d=" + "x" * 300,
        "https://evil.example\\@shop.example/",
        "ftp://shop.example/",
        "mailto:someone@shop.example",
        "javascript:alert(1)",
        "data:text/html,hello",
        "evil.example/collect",
        "www.evil.example",
        "HTTPS://EVIL.EXAMPLE/",
    ],
)
def test_a_link_that_does_not_plainly_lead_to_an_own_page_is_left_out(link: str) -> None:
    assert not is_own(link, OWN)
    left = inert(f"Please see {link} now.", OWN)
    assert left.startswith("Please see (link left out: ")
    assert not links_in(left)


@pytest.mark.parametrize(
    "link",
    [
        "https://shop.example/leave",
        "https://portal.shop.example",
        "id.shop.example/reset",
        "www.shop.example",
    ],
)
def test_a_link_to_an_own_page_stays(link: str) -> None:
    assert not is_disguised(link)
    assert inert(f"See {link}, please.", OWN) == f"See {link}, please."


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("![logo](https://evil.example/p.png?d=1) ok", "(picture left out: logo) ok"),
        ("![](https://evil.example/p.png)", "(picture left out)"),
        ("![a][1]\n[1]: https://evil.example/p.png", "(picture left out: a)\n"),
        ("See [your account](https://evil.example).", "See your account ((link left out: evil[.]example))."),
        ("<!channel> look", "channel look"),
        ("<@U123> and <#C1>", "U123 and C1"),
        ("<https://evil.example|your bank>", "(link left out: evil[.]example)|your bank"),
        ("@channel and @here", "channel and here"),
        ('<img src="https://evil.example/x"> hi', " hi"),
        ("a\u200bb\u202ec\U000e0041d", "abcd"),
        ("Call [PHONE_1](office) or [EMAIL_1].", "Call [PHONE_1](office) or [EMAIL_1]."),
        ("mail pat@shop.example at 9:30 and/or by 5 km/h", "mail pat@shop.example at 9:30 and/or by 5 km/h"),
    ],
)
def test_what_a_program_would_act_on_is_words(text: str, left: str) -> None:
    assert inert(text, OWN) == left


def test_an_address_in_words_still_tells_where_it_leads() -> None:
    said = in_words("https://reports.site.example:443/2026/outlook.pdf?d=secret#part")
    assert said == "reports[.]site[.]example/2026/outlook[.]pdf"


@given(st.text(alphabet=st.sampled_from("![]()<>@#:/.ahtps?=&%w \n")))
def test_an_address_in_words_is_one_nobody_follows(path: str) -> None:
    said = in_words(f"https://www.site.example/{path}")
    assert inert(said) == said
    assert not links_in(said)


@given(st.text(alphabet=st.sampled_from("![]()<>@#:/.ahtps \n\u200bчw")))
def test_what_went_out_once_goes_out_unchanged(text: str) -> None:
    once = inert(text, OWN)
    assert not links_in(once)
    assert without_unseen(once) == once
