"""Fetching one page from sites that do their worst: where it goes, how much it takes, and when it stops."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from knowledge.web.address import IpAddress, is_any, is_public
from knowledge.web.errors import AddressRefused, WebUnavailable
from knowledge.web.fetch import MOST_REDIRECTS, Fetched, Fetcher, FetchLimits
from knowledge.web.page import READABLE, read_page
from tests.stand_ins.web import Page, StandInWeb, packed, page, redirect

SITE = "site.example"
TYPES = frozenset(READABLE)


@pytest.fixture
def web() -> Iterator[StandInWeb]:
    with StandInWeb() as web:
        web.pages["/page"] = page("Tents", "The market grows by 14 percent.")
        yield web


def to_loopback(_host: str, _port: int) -> Sequence[str]:
    return ["127.0.0.1"]


def only_loopback(address: IpAddress) -> bool:
    """In place of the public internet, so that everything else is still refused."""
    return address.is_loopback


def fetcher(web: StandInWeb, **changes: Any) -> Fetcher:
    values = {"resolve": to_loopback, "accepts": only_loopback, "ports": frozenset({web.port}), **changes}
    return Fetcher(values.pop("limits", None), **values)


def fetch(web: StandInWeb, path: str, **changes: Any) -> Fetched:
    return fetcher(web, **changes).fetch(web.address(SITE, path), TYPES, lambda _url: True)


def test_a_page_is_fetched_by_its_name_with_nothing_but_who_asks(web: StandInWeb) -> None:
    fetched = fetch(web, "/page?about=tents#part")
    assert fetched.url == web.address(SITE, "/page?about=tents")
    assert read_page(fetched).text == "# Tents\n\nThe market grows by 14 percent."
    [asked] = web.asked.snapshot()
    assert asked.headers["host"] == f"{SITE}:{web.port}"
    assert asked.headers["user-agent"].startswith("Crewdesk/")
    assert asked.headers.keys() == {"host", "user-agent", "accept", "accept-encoding"}


@pytest.mark.parametrize(
    ("host", "resolved"),
    [
        (SITE, "127.0.0.1"),
        (SITE, "169.254.169.254"),
        (SITE, "10.0.0.7"),
        (SITE, "::ffff:127.0.0.1"),
        ("127.0.0.1", "127.0.0.1"),
    ],
)
def test_nothing_inside_is_asked(web: StandInWeb, host: str, resolved: str) -> None:
    inside = fetcher(web, resolve=lambda _host, _port: [resolved], accepts=is_public)
    with pytest.raises(AddressRefused, match="public site"):
        inside.fetch(web.address(host, "/page"), TYPES, lambda _url: True)
    assert not web.asked.snapshot()


def test_a_name_that_changes_its_address_is_held_to_the_one_that_was_checked(web: StandInWeb) -> None:
    """It is asked once for each connection, so there is no second answer to connect to."""
    answers = iter([["127.0.0.1"], ["169.254.169.254"]])
    asked: list[str] = []

    def rebinding(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return next(answers)

    binding = fetcher(web, resolve=rebinding)
    assert binding.fetch(web.address(SITE, "/page"), TYPES, lambda _url: True).body
    assert asked == [SITE]
    with pytest.raises(AddressRefused):
        binding.fetch(web.address(SITE, "/page"), TYPES, lambda _url: True)
    assert len(web.asked.snapshot()) == 1


def test_a_few_redirects_are_followed_without_what_they_hand_out(web: StandInWeb) -> None:
    for step in range(MOST_REDIRECTS):
        target = "/page" if step == MOST_REDIRECTS - 1 else f"/step{step + 1}"
        web.pages[f"/step{step}"] = redirect(
            target if step else web.address("other.example", target), 301 + step
        )
    assert fetch(web, "/step0").url == web.address("other.example", "/page")
    assert all("cookie" not in asked.headers for asked in web.asked.snapshot())
    web.pages["/more"] = redirect("/step0")
    with pytest.raises(WebUnavailable, match="on and on"):
        fetch(web, "/more")


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:169.254.169.254]/",
        "http://localhost:1/",
        "http://127.0.0.1/",
        "file:///etc/passwd",
        "http://user:word@site.example/",
        "http://[",
    ],
)
def test_a_redirect_is_checked_like_any_address(web: StandInWeb, target: str) -> None:
    web.pages["/away"] = redirect(target)
    resolved = {SITE: "127.0.0.1"}
    going = fetcher(
        web,
        resolve=lambda host, _port: [resolved.get(host, host.strip("[]"))],
        ports=frozenset({web.port, 80}),
        # The site itself is the one address inside that may be reached.
        accepts=lambda address: str(address) == "127.0.0.1" and len(web.asked.snapshot()) == 0,
    )
    with pytest.raises(AddressRefused):
        going.fetch(web.address(SITE, "/away"), TYPES, lambda _url: True)
    assert len(web.asked.snapshot()) == 1


def test_a_redirect_nobody_wants_is_not_followed(web: StandInWeb) -> None:
    web.pages["/away"] = redirect(web.address("other.example", "/page"))
    with pytest.raises(AddressRefused, match="another site"):
        fetcher(web).fetch(web.address(SITE, "/away"), TYPES, lambda url: url.host == SITE)
    assert [asked.path for asked in web.asked.snapshot()] == ["/away"]


SMALL = FetchLimits(seconds=1.0, most_bytes=100_000)


@pytest.mark.parametrize(
    ("served", "said"),
    [
        (Page(b"x" * 1_000, manner="dripping"), "took too long"),
        (Page(b"x" * 10_000, manner="endless"), "too long to read"),
        (Page(b"x" * 100_001), "too long to read"),
        (packed(50_000_000), "only packed"),
        (Page(b"\x89PNG", "image/png"), "of a kind"),
        (Page(b"text", None), "of a kind"),
        (Page(status=429, headers={"retry-after": "60"}), "come back later"),
        (Page(status=500), "refused"),
        (Page(status=404), "refused"),
        (Page(status=302), "refused"),
    ],
)
def test_what_is_no_page_in_time_and_size_is_given_up(web: StandInWeb, served: Page, said: str) -> None:
    web.pages["/bad"] = served
    with pytest.raises(WebUnavailable, match=said):
        fetch(web, "/bad", limits=SMALL)
    assert fetch(web, "/page", limits=SMALL).body


def test_a_site_that_is_not_there_is_said_to_be_gone(web: StandInWeb) -> None:
    address = web.address(SITE, "/page")
    gone = fetcher(web)
    web.__exit__()
    with pytest.raises(WebUnavailable, match="could not be reached"):
        gone.fetch(address, TYPES, lambda _url: True)


@pytest.mark.parametrize(
    ("served", "text"),
    [
        (Page(b"Plain words on tents.", "text/plain; charset=utf-8"), "Plain words on tents."),
        (Page(b"<p>Seen</p><p style='display:none'>Not seen</p>"), "Seen"),
    ],
)
def test_a_page_is_read_as_its_reader_sees_it(web: StandInWeb, served: Page, text: str) -> None:
    web.pages["/read"] = served
    assert read_page(fetch(web, "/read")).text == text


@pytest.mark.parametrize("served", [Page(b""), Page(b"%PDF-1.7 broken", "application/pdf")])
def test_a_page_that_cannot_be_read_is_said_to_be_so(web: StandInWeb, served: Page) -> None:
    web.pages["/read"] = served
    with pytest.raises(WebUnavailable, match="cannot be read"):
        read_page(fetch(web, "/read"))


def test_what_the_installation_names_may_be_inside(web: StandInWeb) -> None:
    inside: Callable[[], Fetcher] = lambda: Fetcher(accepts=is_any, ports=None)  # noqa: E731
    assert inside().fetch(f"{web.url}/page", TYPES, lambda _url: False).body
