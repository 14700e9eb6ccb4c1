"""Copies: what counts as one, and what must not because it may tell something else."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.loading.blocks import Block, BlockKind
from knowledge.quality.duplicates import FEWEST_WORDS, KnownText, KnownTexts, Signature, sign
from tests.unit.knowledge.inspection import paragraphs

LEAVE = (
    "Annual leave\n"
    "Every employee of the company has 25 days of paid leave in a calendar year. New colleagues earn "
    "it month by month from their start date, and what is left in December can be carried over until "
    "the end of March. Ask your manager in the calendar tool before you book a journey, at least two "
    "weeks ahead for absences of more than three days. Managers answer within a week, and look after "
    "cover in the shops during the sale. Who falls ill on leave sends the doctor's note and gets "
    "those days back. Unused days are paid only when somebody leaves. The rules for parents and for "
    "carers stand on pages of their own, as do public holidays. Questions that are not answered here "
    "go to the people team by chat or by phone on a working day."
)


def signed(text: str) -> Signature:
    signature = sign(paragraphs(*text.split("\n")))
    assert signature is not None
    return signature


def known(
    text: str, name: str = "leave.md", collection: str = "company", groups: tuple[str, ...] = ("everyone",)
):
    return KnownText(name, f"documents/{name}", collection, groups, signed(text))


def likeness(text: str, other: str) -> float | None:
    found = KnownTexts([known(text)]).find_copy(signed(other), "company", ("everyone",))
    return found.likeness if found else None


@pytest.mark.parametrize(
    "changed",
    [
        LEAVE.replace("calendar tool", "planning tool"),
        LEAVE + " Thank you for reading this to the end.",
        LEAVE.replace("colleagues", "staff").replace("journey", "trip"),
        LEAVE.replace(". ", " - "),
        "Copy from the Intranet\n" + LEAVE,
    ],
    ids=["a word", "a sentence more", "two words", "punctuation", "a line on top"],
)
def test_a_text_with_a_few_other_words_is_nearly_a_copy(changed: str) -> None:
    found = likeness(LEAVE, changed)
    assert found is not None
    assert 0.85 <= found <= 1.0


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("25 days", "27 days"),
        ("25 days of", "25.5 days of"),
        ("end of March", "end of May"),
        ("two weeks", "three weeks"),
        ("can be carried", "cannot be carried"),
        ("in December", "in October"),
        ("in the shops", "in the Leeds shops"),
    ],
)
def test_a_text_that_tells_something_else_is_no_copy(old: str, new: str) -> None:
    text = LEAVE.replace("the shops", "the York shops") if "Leeds" in new else LEAVE
    assert old in LEAVE
    assert likeness(text, LEAVE.replace(old, new)) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [("allowed", "forbidden"), ("permitted", "prohibited"), ("required", "refused"), ("before", "after")],
)
def test_a_text_that_permits_what_its_twin_forbids_is_no_copy(one: str, other: str) -> None:
    rule = f"{LEAVE} Leave of more than three weeks is {one} in summer."
    assert likeness(rule, rule.replace(f"is {one} in", f"is {other} in")) is None
    assert likeness(rule, rule.replace("in summer", "in winter")) is not None


def test_only_the_same_text_is_called_a_copy() -> None:
    verse = (
        "The tide comes in and the tide goes out while boats lie in the harbour and gulls sit on the wall. "
    )
    found = likeness(verse * 2, verse * 3)
    assert found is not None
    assert 0.9 < found < 1.0


def test_numbers_that_changed_places_tell_something_else() -> None:
    text = LEAVE + " Interns have 12 days."
    swapped = text.replace("25", "XX").replace("12 days", "25 days").replace("XX", "12")
    assert likeness(text, swapped) is None


def test_another_text_on_the_same_subject_is_no_copy() -> None:
    other = (
        "Leave for parents\n"
        "Parents take their leave in one piece or in several, and tell the people team eight weeks "
        "before. The company pays the difference to full pay for the first months, and holds the "
        "place open. Ask your manager for the form in the calendar tool."
    )
    assert likeness(LEAVE, other) is None


def test_short_texts_are_copies_only_when_they_are_the_same() -> None:
    short = "The till in the shop in York is repaired by the service desk every Monday morning."
    assert len(short.split()) < FEWEST_WORDS
    assert signed(short).minhash == b""
    assert likeness(short, short.upper()) == 1.0
    assert likeness(short, short.replace("repaired", "mended")) is None


def test_a_copy_elsewhere_or_for_others_is_none() -> None:
    texts = KnownTexts([known(LEAVE, groups=("hr", "everyone"))])
    signature = signed(LEAVE)
    assert texts.find_copy(signature, "company", ("everyone", "hr")) is not None
    assert texts.find_copy(signature, "company", ("everyone",)) is None
    assert texts.find_copy(signature, "market", ("everyone", "hr")) is None


def test_the_most_alike_is_named_and_what_is_gone_is_not() -> None:
    texts = KnownTexts(
        [known(LEAVE.replace("journey", "trip"), "b.md"), known(LEAVE, "c.md"), known(LEAVE, "a.md")]
    )
    signature = signed(LEAVE)

    def found() -> tuple[str, float] | None:
        copy = texts.find_copy(signature, "company", ("everyone",))
        return (copy.path, copy.likeness) if copy else None

    assert found() == ("documents/a.md", 1.0)
    texts.forget("a.md")
    assert found() == ("documents/c.md", 1.0)
    texts.forget("c.md")
    assert found() is not None
    assert found()[0] == "documents/b.md"
    texts.forget("b.md")
    texts.forget("never there")
    assert found() is None


def test_a_document_known_again_takes_the_place_of_its_older_text() -> None:
    texts = KnownTexts([known(LEAVE)])
    texts.add(known("Something else altogether.", groups=("hr",)))
    assert texts.find_copy(signed(LEAVE), "company", ("everyone",)) is None


def test_a_list_is_the_same_with_other_markers() -> None:
    dashes = [Block(BlockKind.LIST_ITEM, f"- {text}") for text in ("Bring a card", "Bring a bag")]
    numbers = [
        Block(BlockKind.LIST_ITEM, f"{n}. {text}") for n, text in ((1, "Bring a card"), (2, "Bring a bag"))
    ]
    assert sign(dashes) == sign(numbers)


def test_no_text_has_no_signature() -> None:
    assert sign(()) is None
    assert sign(paragraphs(" ")) is None


def test_many_documents_from_one_template_are_told_apart() -> None:
    template = LEAVE.replace("25 days", "{} days")
    texts = KnownTexts(known(template.format(n), f"{n}.md") for n in range(200))
    for n in range(200, 220):
        assert texts.find_copy(signed(template.format(n)), "company", ("everyone",)) is None
    found = texts.find_copy(signed(template.format(7).replace("journey", "trip")), "company", ("everyone",))
    assert found is not None
    assert found.path == "documents/7.md"


@given(seed=st.integers(0, 10_000), upper=st.booleans())
def test_white_space_and_case_change_nothing(seed: int, upper: bool) -> None:
    rng = random.Random(seed)
    words = LEAVE.split()
    spaced = "".join(word + rng.choice([" ", "  ", "\n", "\t", "\u00a0"]) for word in words)
    assert signed(spaced.upper() if upper else spaced).text_hash == signed(" ".join(words)).text_hash


@given(text=st.text(max_size=400))
def test_any_text_is_a_copy_of_itself(text: str) -> None:
    signature = sign(paragraphs(text))
    if signature is not None:
        found = KnownTexts([KnownText("a", "a.md", "c", (), signature)]).find_copy(signature, "c", ())
        assert found is not None
        assert found.likeness == 1.0
