"""The search engine's answers, sound and otherwise."""

from collections.abc import Iterator

import pytest

from knowledge.web.address import is_any
from knowledge.web.engine import LONGEST_QUERY, MOST_RESULTS, SearchEngine, WebResult
from knowledge.web.errors import WebUnavailable
from knowledge.web.fetch import Fetcher, FetchLimits
from tests.stand_ins.web import Page, StandInWeb, redirect, result


@pytest.fixture
def web() -> Iterator[StandInWeb]:
    with StandInWeb() as web:
        yield web


def engine(web: StandInWeb) -> SearchEngine:
    return SearchEngine(web.url + "/", Fetcher(FetchLimits(1.0, 100_000), accepts=is_any, ports=None))


def test_results_come_in_order_and_what_cannot_be_read_is_left_out(web: StandInWeb) -> None:
    web.results = [
        result("https://a.example/one#part", "One\n\u200bA", "First  <b>words</b>"),
        result("https://a.example/one", "Same page", "again"),
        result("http://user:word@b.example/", "With a name", ""),
        result("ftp://c.example/", "No page", ""),
        result("http://d.example:8080/", "Odd port", ""),
        {"url": 7, "title": "No address"},
        {"url": "https://e.example/"},
        {"url": "https://f.example/", "title": "No words", "content": None},
        *(result(f"https://g.example/{n}", f"G{n}", "x" * 5_000) for n in range(10)),
    ]
    found = engine(web).search("tents & more" + "x" * 1_000)
    assert found[0] == WebResult("https://a.example/one", "Same page", "again")
    assert found[1] == WebResult("https://f.example/", "No words", "")
    assert [item.title for item in found[2:]] == ["G0", "G1", "G2"]
    assert len(found) == MOST_RESULTS
    assert max(len(item.excerpt) for item in found) == 600
    [asked] = web.asked.snapshot()
    assert (asked.path, asked.query["format"]) == ("/search", "json")
    assert asked.query["q"] == ("tents & more" + "x" * 1_000)[:LONGEST_QUERY]


def test_nothing_found_is_an_answer(web: StandInWeb) -> None:
    assert engine(web).search("tents") == []


@pytest.mark.parametrize(
    "reply",
    [
        Page(status=500),
        Page(status=429),
        Page(status=403),
        Page(b"{", "application/json"),
        Page(b"[]", "application/json"),
        Page(b'{"results": "none"}', "application/json"),
        Page(b'{"results": [1]}', "application/json"),
        Page(b"", "application/json"),
        Page(b"<html></html>"),
        Page(b'{"results": []}' * 20, "application/json", manner="dripping"),
        Page(b"[" * 10_000, "application/json", manner="endless"),
        redirect("http://169.254.169.254/search"),
    ],
)
def test_an_engine_that_fails_is_unavailable(web: StandInWeb, reply: Page) -> None:
    web.search_reply = reply
    with pytest.raises(WebUnavailable):
        engine(web).search("tents")
