"""An answer keeps the lines of what it quotes."""

import pytest

from crews.running_text import running_text
from ledger.evidence import FIGURES, Evidence, Finding
from ledger.result import Claim

PROSE = "Tents are lent. Bring a card.\nBikes are not."
TABLE = "Thing | Price\nTent | 40 EUR\nBike | 60 EUR"


def evidence(label: str, text: str, kind: str = "passage") -> Evidence:
    return Evidence(label, label, "step", Finding(kind, "a.md", "opening", text, None, {}))


def claims(*said: tuple[str, str]) -> tuple[Claim, ...]:
    return tuple(Claim(text=text, evidence=(label,)) for label, text in said)


KNOWN = {
    item.label: item
    for item in (evidence("E1", PROSE), evidence("E2", TABLE), evidence("E3", "any", kind=FIGURES))
}


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ([("E1", "Tents are lent."), ("E1", "Bring a card.")], "Tents are lent. Bring a card."),
        ([("E1", "Bring a card."), ("E1", "Bikes are not.")], "Bring a card.\nBikes are not."),
        ([("E1", "Bring a card."), ("E2", "Tent | 40 EUR")], "Bring a card. Tent | 40 EUR"),
        (
            [("E1", "Bring a card."), ("E2", "Thing | Price"), ("E2", "Tent | 40 EUR")],
            "Bring a card.\nThing | Price\nTent | 40 EUR",
        ),
        # In another order, or in other words, they are sentences like any other.
        ([("E1", "Bikes are not."), ("E1", "Bring a card.")], "Bikes are not. Bring a card."),
        ([("E1", "One lends tents."), ("E1", "Bikes are not.")], "One lends tents. Bikes are not."),
        ([("E3", "Revenue was 5 EUR."), ("E3", "It was 4 EUR.")], "Revenue was 5 EUR.\nIt was 4 EUR."),
        ([("E3", "Revenue was 5 EUR."), ("E1", "Bring a card.")], "Revenue was 5 EUR.\nBring a card."),
        ([("E1", "Tents are lent.")], "Tents are lent."),
        ([], ""),
    ],
)
def test_what_a_source_has_in_lines_stays_in_lines(said: list[tuple[str, str]], text: str) -> None:
    assert running_text(claims(*said), KNOWN) == text


def test_a_claim_on_several_sources_is_apart_where_one_of_them_is() -> None:
    both = [Claim(text=text, evidence=("E1", "E2")) for text in ("Bring a card.", "Bikes are not.")]
    assert running_text(both, KNOWN) == "Bring a card.\nBikes are not."
