"""Passages keep all text, whole sentences and the embedder's limit."""

import re
from collections.abc import Callable

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


def locators(*blocks: Block, pieces: ModelWordPieces) -> list[str]:
    return [passage.locator for passage in make_passages("Guide", blocks, pieces)]


def paragraph(text: str, place: str | None, *rows: str) -> Block:
    return Block(BlockKind.PARAGRAPH, text, place=place, rows=rows)


def heading(text: str, place: str | None, level: int = 1) -> Block:
    return Block(BlockKind.HEADING, text, level, place)


def test_a_passage_over_two_pages_names_both(pieces: ModelWordPieces) -> None:
    blocks = (
        heading("Hotels", "page 3"),
        paragraph("One here.", "page 3"),
        paragraph("One there.", "page 4"),
        heading("Trains", "attachment a.pdf, page 9"),
        paragraph("One.", "attachment a.pdf, page 9"),
        paragraph("Two.", "attachment a.pdf, page 11"),
    )
    assert locators(*blocks, pieces=pieces) == [
        "pages 3-4, section Hotels",
        "attachment a.pdf, pages 9-11, section Trains",
    ]


def test_slides_are_not_joined_and_an_untitled_one_has_no_heading(pieces: ModelWordPieces) -> None:
    blocks = (
        heading("Results", "slide 1"),
        paragraph("Sales grew.", "slide 1"),
        paragraph("Costs too.", "slide 2"),
        heading("Alone", "slide 3"),
        heading("Outlook", "slide 12"),
        paragraph("Better.", "slide 12"),
    )
    passages = make_passages("Deck", blocks, pieces)
    assert [(p.locator, p.heading_path, p.text) for p in passages] == [
        ("slide 1", ("Results",), "Sales grew."),
        ("slide 2", (), "Costs too."),
        ("slide 3", (), "Alone"),
        ("slide 12", ("Outlook",), "Better."),
    ]


def test_an_attachment_stands_under_its_own_heading_only(pieces: ModelWordPieces) -> None:
    blocks = (
        heading("News", None),
        paragraph("See below.", None),
        heading("Attachment: a.xlsx", "attachment a.xlsx"),
        heading("Prices", "attachment a.xlsx, sheet Prices", 2),
        paragraph("Ten.", "attachment a.xlsx, sheet Prices", "A1"),
    )
    passages = make_passages("Mail", blocks, pieces)
    assert [(p.locator, p.heading_path) for p in passages] == [
        ("section News", ("News",)),
        ("attachment a.xlsx, sheet Prices, A1", ("Attachment: a.xlsx", "Prices")),
    ]


def table(place: str | None, label: Callable[[int], str], count: int) -> Block:
    lines = ["Zone | Price", *(f"Zone {n} | {n * 10} EUR a night" for n in range(2, count + 1))]
    return Block(BlockKind.TABLE, "\n".join(lines), place=place, rows=tuple(map(label, range(1, count + 1))))


def test_a_table_names_its_cells_in_each_part(pieces: ModelWordPieces) -> None:
    passages = make_passages("Prices", (table("sheet Sales", lambda n: f"B{n}:C{n}", 90),), pieces)
    assert len(passages) > 2
    lines = [p.text.split("\n") for p in passages]
    last = 0
    for number, (passage, shown) in enumerate(zip(passages, lines, strict=True)):
        first = last + 1 if number else 1
        last = first + len(shown) - (2 if number else 1)
        assert passage.locator == f"sheet Sales, B{first}:C{last}"
        assert shown[-1].startswith(f"Zone {last} |")
    assert last == 90


def test_what_introduces_a_long_table_stays_with_its_beginning(pieces: ModelWordPieces) -> None:
    title = paragraph("Prices per night.", "sheet S", "A1")
    passages = make_passages("Prices", (title, table("sheet S", lambda n: f"A{n + 2}:B{n + 2}", 90)), pieces)
    assert passages[0].text.startswith("Prices per night.\n\nZone | Price\nZone 2 | 20 EUR")
    assert passages[0].locator.startswith("sheet S, A1:B")
    assert passages[1].text.startswith("Zone | Price\nZone ")


def test_rows_of_a_list_and_tables_of_other_widths(pieces: ModelWordPieces) -> None:
    assert locators(table(None, lambda n: f"row {n}", 3), pieces=pieces) == ["rows 1-3"]
    assert locators(table(None, lambda n: f"row {n}", 1), pieces=pieces) == ["row 1"]
    title = paragraph("All prices", "sheet S", "B1")
    wide = table("sheet S", lambda n: f"A{n + 2}:AB{n + 2}", 3)
    assert locators(title, wide, pieces=pieces) == ["sheet S, A1:AB5"]


def test_letterhead_goes_to_the_next_section(pieces: ModelWordPieces) -> None:
    def cut_pages(letterhead: str, place: str) -> list[str]:
        blocks = (
            heading("Guide", place),
            paragraph(letterhead, place),
            heading("Hotels", place, 2),
            paragraph("The cap is 140 EUR.", place),
        )
        return [passage.text for passage in make_passages("Guide", blocks, pieces)]

    letterhead = "Owner: Finance\nVersion 3, 2025-01-01"
    assert cut_pages(letterhead, "page 1") == [f"{letterhead}\n\nThe cap is 140 EUR."]
    assert cut_pages(letterhead, "slide 1") == [letterhead, "The cap is 140 EUR."]
    assert cut_pages("Guests pay.", "page 1") == ["Guests pay.", "The cap is 140 EUR."]


def test_only_a_cut_sentence_is_repeated_a_little(pieces: ModelWordPieces) -> None:
    words = [f"word{number}" for number in range(300)]
    passages = cut(" ".join(words), pieces)
    assert all(pieces.count(passage.embedded_text) + 2 <= MAX_PIECES for passage in passages)
    first, second, *_ = [passage.text.split() for passage in passages]
    repeated = first[first.index(second[0]) :]
    assert 1 <= len(repeated) <= 20
    assert second[: len(repeated)] == repeated
    assert words.index(second[len(repeated)]) == len(first)


def test_nothing_is_repeated_within_a_passage(pieces: ModelWordPieces) -> None:
    words = [str(number) for number in range(10, 90)]
    first, second = cut(" ".join([*words, "a," * 75, "b," * 75]), pieces)
    assert first.text.split() == [*words, "a," * 75]
    assert second.text.split()[-1] == "b," * 75


def test_a_header_does_not_stand_without_a_row(pieces: ModelWordPieces) -> None:
    introduction = paragraph(" ".join(["word"] * 100), None)
    rows = [f"Zone {number} {'price ' * 150}| x" for number in range(3)]
    blocks = (introduction, Block(BlockKind.TABLE, "\n".join(["Zone | Price", *rows])))
    assert [p.text.count("Zone") for p in make_passages("Guide", blocks, pieces)] == [0, 2, 2, 2]


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
        ("A long one that ends with no. 5 and fig. 7.", ["A long one that ends with no. 5 and fig. 7."]),
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
    # A cut table repeats its header and a cut sentence its end: all else follows in order.
    rest = iter(squeezed("".join(p.text for p in passages)))
    for block in kept:
        if block.kind in (BlockKind.PARAGRAPH, BlockKind.LIST_ITEM):
            assert all(character in rest for character in squeezed(block.text))
        elif block.kind is BlockKind.TABLE:
            body = squeezed("".join(p.text for p in passages))
            assert all(squeezed(word) in body for word in block.text.split() if len(word) < 20)


_few_sentences = st.lists(st.sampled_from(["Open.", "Closed at nine.", "Yes!"]), min_size=1, max_size=90)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(texts=st.lists(_few_sentences, max_size=5))
def test_whole_sentences_are_never_repeated(texts: list[list[str]], pieces: ModelWordPieces) -> None:
    blocks = tuple(paragraph(" ".join(sentences), None) for sentences in texts)
    found = [text for p in make_passages("Guide", blocks, pieces) for text in split_sentences(p.text)]
    assert found == [text for sentences in texts for text in sentences]


@settings(deadline=None)
@given(_text)
def test_splitting_changes_white_space_only(text: str) -> None:
    assert squeezed("".join(split_sentences(text))) == squeezed(text)
