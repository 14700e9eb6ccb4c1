"""Any of the usual delimiters is found, and uneven lines are read."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.loading.csv import find_delimiter, load_csv

ROWS = [["Name", "Town", "Amount"], ["Kim; Lee", "Ulm, Bonn", "1,5"], ["Mo", "a|b\tc", "2"]]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_delimiter(delimiter: str) -> None:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter).writerows(ROWS)
    [table] = load_csv(buffer.getvalue().encode()).blocks
    assert table.text == "Name | Town | Amount\nKim; Lee | Ulm, Bonn | 1,5\nMo | a|b c | 2"
    assert table.rows == ("row 1", "row 2", "row 3")


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("1,5;2,5\n3,5;4,5\n", ";"),
        ("name;price\nA;1,50\nB;2,50\n", ";"),
        ("1,2,3\n4,5,6\n", ","),
        ("a,b,c\n1,2\n3,4,5,6\n7,8,9\n", ","),
        ("name,note\nA,one; two\nB,three; four\nC,\n", ","),
        ("only\none\ncolumn\n", "\t"),
    ],
)
def test_delimiters_that_are_hard_to_tell(text: str, delimiter: str) -> None:
    assert find_delimiter(text) == delimiter


def test_uneven_lines_titles_and_blank_lines() -> None:
    blocks = load_csv(b"Stanley Cups,,\nTeam,Town,Cups\nBlues,STL\nFlyers,PHI,2,x\n\nEnd,of it\n").blocks
    assert [(block.kind.value, block.text, block.rows) for block in blocks] == [
        ("paragraph", "Stanley Cups", ("row 1",)),
        ("table", "Team | Town | Cups\nBlues | STL\nFlyers | PHI | 2 | x", ("row 2", "row 3", "row 4")),
        ("table", "End | of it", ("row 6",)),
    ]


def test_a_cell_with_line_breaks_is_one_row() -> None:
    [table] = load_csv(b'a,b\n"one\ntwo",3\n4,5\n').blocks
    assert (table.text, table.rows[-1]) == ("a | b\none two | 3\n4 | 5", "row 3")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings(encoding: str) -> None:
    text = "Straße;Ort\nMühlweg;Köln\nGärtnerweg;Düsseldorf\n"
    assert load_csv(text.encode(encoding)).blocks[0].text.startswith("Straße | Ort\nMühlweg | Köln")


def test_excels_own_hint_is_taken() -> None:
    assert load_csv(b"sep=;\na,b;c\nd;e\n").blocks[0].text == "a,b | c\nd | e"


@given(
    st.text(
        st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], include_characters="\n\r\t"),
        max_size=300,
    )
)
def test_no_text_makes_it_fail(text: str) -> None:
    load_csv(("x" + text).encode())
