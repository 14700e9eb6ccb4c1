"""Passages keep all text, whole sentences and the embedder's limit."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge.loading.blocks import Block, BlockKind, make_block
from knowledge.loading.markdown import parse_markdown
from knowledge.passages import MAX_PIECES, Passage, make_passages
from knowledge.sentences import split_sentences
from knowledge.word_pieces import ModelWordPieces


def cut(markdown: str, pieces: ModelWordPieces, title: str = "Guide") -> list[Passage]:
    return make_passages(title, tuple(parse_markdown(markdown)), pieces)


def test_a_passage_stays_in_its_section_under_its_headings(pieces: ModelWordPieces) -> None:
    text = (
        "# Guide\n\nHello.\n\n## Hotels\n\nCap 140.\n\n### Abroad\n\nCap 185.\n\n## Trains\n\nSecond class.\n"
    )
    assert [(p.locator, p.heading_path, p.text, p.embedded_text) for p in cut(text, pieces)] == [
        ("opening", (), "Hello.", "Guide\nHello."),
        ("section Hotels", ("Hotels",), "Cap 140.", "Guide > Hotels\nCap 140."),
        ("section Hotels > Abroad", ("Hotels", "Abroad"), "Cap 185.", "Guide > Hotels > Abroad\nCap 185."),
        ("section Trains", ("Trains",), "Second class.", "Guide > Trains\nSecond class."),
    ]


def test_a_first_heading_other_than_the_title_stays_in_the_path(pieces: ModelWordPieces) -> None:
    assert cut("# Old name\n\nHello.\n", pieces)[0].heading_path == ("Old name",)


def test_pages_are_in_the_locator(pieces: ModelWordPieces) -> None:
    blocks = (
        Block(BlockKind.PARAGRAPH, "One.", place="page 1"),
        Block(BlockKind.HEADING, "Hotels", 1, place="page 2"),
        Block(BlockKind.PARAGRAPH, "Two.", place="page 2"),
    )
    locators = [passage.locator for passage in make_passages("Guide", blocks, pieces)]
    assert locators == ["page 1", "page 2, section Hotels"]


def test_a_heading_with_nothing_under_it_is_a_passage_itself(pieces: ModelWordPieces) -> None:
    assert [p.text for p in cut("# Guide\n\n## Closed on Mondays\n\n## Else\n\nOpen.\n", pieces)] == [
        "Closed on Mondays",
        "Open.",
    ]


def test_a_long_section_is_cut_between_sentences(pieces: ModelWordPieces) -> None:
    sentences = [f"Rule number {n} says that the desk opens at {n} o'clock." for n in range(60)]
    passages = cut(f"## Rules\n\n{' '.join(sentences)}\n", pieces)
    assert len(passages) > 2
    assert [s for p in passages for s in split_sentences(p.text)] == sentences
    assert all(p.heading_path == ("Rules",) for p in passages)


def test_a_long_table_repeats_its_header(pieces: ModelWordPieces) -> None:
    rows = [f"| Zone {n} | {n * 10} EUR per night including breakfast |" for n in range(60)]
    passages = cut("\n".join(["| Zone | Price |", "|---|---|", *rows]) + "\n", pieces)
    assert len(passages) > 2
    assert all(p.text.startswith("Zone | Price\nZone ") for p in passages)
    found = [line for p in passages for line in p.text.split("\n")[1:]]
    assert found == [row.strip("| ") for row in rows]


def test_a_table_that_fits_is_kept_whole(pieces: ModelWordPieces) -> None:
    words = " ".join(["word"] * 220)
    table = "| Zone | Price |\n|---|---|\n" + "".join(f"| Zone {n} | {n} EUR |\n" for n in range(12))
    passages = cut(f"{words}\n\n{table}", pieces)
    assert [p.text.count("\n") for p in passages] == [0, 12]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One. Two! Three? (Four.) Five", ["One.", "Two!", "Three?", "(Four.)", "Five"]),
        (
            'He said "Stop." Then he left. "No," she said.',
            ['He said "Stop."', "Then he left.", '"No," she said.'],
        ),
        (
            "See e.g. Annex B, approx. 5 p.m. Dr. Smith knows.",
            ["See e.g. Annex B, approx. 5 p.m. Dr. Smith knows."],
        ),
        ("1. Open the lid. 2. Wait.", ["1. Open the lid.", "2. Wait."]),
        ("It costs 3.50 EUR. 4 are left.", ["It costs 3.50 EUR.", "4 are left."]),
        ("Mill Lane 1\nHarbour 22", ["Mill Lane 1", "Harbour 22"]),
    ],
)
def test_sentences(text: str, parts: list[str]) -> None:
    assert split_sentences(text) == parts


_words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=30)
_sentence = st.lists(_words, min_size=1, max_size=40).map(" ".join)
_text = st.lists(_sentence, min_size=1, max_size=12).map(". ".join)
_long_word = st.integers(200, 900).map(lambda n: "a,;" * n)
_block = st.builds(
    make_block,
    st.sampled_from([BlockKind.PARAGRAPH, BlockKind.LIST_ITEM, BlockKind.HEADING, BlockKind.TABLE]),
    st.one_of(_text, _long_word, st.lists(_sentence, max_size=8).map("\n".join)),
    st.integers(1, 6),
)


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(title=_sentence, blocks=st.lists(_block, max_size=10))
def test_no_text_is_lost_and_no_passage_is_too_long(
    title: str, blocks: list[Block | None], pieces: ModelWordPieces
) -> None:
    kept = tuple(block for block in blocks if block)
    passages = make_passages(title, kept, pieces)
    assert [p.position for p in passages] == list(range(len(passages)))
    assert all(p.text.strip() for p in passages)
    assert all(pieces.count(p.embedded_text) + 2 <= MAX_PIECES for p in passages)
    # A cut table repeats its header, so for tables the words must be there, not only once.
    body = squeezed("".join(p.text for p in passages if p.text))
    for block in kept:
        if block.kind in (BlockKind.PARAGRAPH, BlockKind.LIST_ITEM):
            assert squeezed(block.text) in body
        elif block.kind is BlockKind.TABLE:
            assert all(squeezed(word) in body for word in block.text.split() if len(word) < 20)


@settings(deadline=None)
@given(_text)
def test_splitting_changes_white_space_only(text: str) -> None:
    assert squeezed("".join(split_sentences(text))) == squeezed(text)
