"""What a file holds says how it is read; its name only decides between kinds of plain text."""

import importlib
import importlib.util

import pytest

from knowledge.loading import load
from knowledge.loading.blocks import FileStatus
from knowledge.loading.encoding import decode_text
from knowledge.loading.format import Format, detect_format
from knowledge.loading.load import load_file
from tests.unit.knowledge.shapes import shape
from tests.unit.knowledge.shop import make_docx, make_ole, make_pdf, make_zip

MAIL = b"Received: from x by y\nFrom: a@shop.example\n b\nSubject: Hi\nMIME-Version: 1.0\n\nWords.\n"
_ODF = b"application/vnd.oasis.opendocument."


@pytest.mark.parametrize(
    ("name", "content", "format"),
    [
        ("a.docx", make_pdf([[(11, "x")]]), Format.PDF),
        ("a.txt", b"\xef\xbb\xbf%PDF-1.4\n1 0 obj\nendobj", Format.TEXT),
        ("a", b"junk\n%PDF-1.4\n1 0 obj\nendobj", Format.PDF),
        ("about.md", b"A file that begins with %PDF- is a PDF.", Format.MARKDOWN),
        ("a.pdf", make_docx(), Format.DOCX),
        ("a", make_zip({"ppt/presentation.xml": b""}), Format.PPTX),
        ("a", make_zip({"xl/workbook.xml": b""}), Format.XLSX),
        ("a.zip", make_zip({"mimetype": b"application/epub+zip"}), Format.EPUB),
        ("a.zip", make_zip({"mimetype": _ODF + b"text"}), Format.ODT),
        ("a.zip", make_zip({"mimetype": _ODF + b"spreadsheet"}), Format.ODS),
        ("a.zip", make_zip({"mimetype": _ODF + b"presentation-template"}), Format.ODP),
        ("a.doc", make_ole("__properties_version1.0"), Format.MSG),
        ("a.doc", make_ole("Workbook"), Format.XLS),
        ("a.doc", b"{\\rtf1 x}", Format.RTF),
        ("a.csv", b"\n<!DOCTYPE html>\n<p>x", Format.HTML),
        ("a.txt", b"<?xml version='1.0'?>\n<!-- x --><html>x</html>", Format.HTML),
        ("a.xls", b"<html><table><tr><td>1</table>", Format.HTML),
        ("a.txt", "<html>x</html>".encode("utf-16"), Format.HTML),
        ("a.md", b"<div>\n\n# Title\n", Format.MARKDOWN),
        ("a.txt", b"<?xml version='1.0'?><a/>", Format.XML),
        ("a.rss", b"<rss/>", Format.XML),
        ("a.txt", MAIL, Format.EML),
        ("a.eml", b"Subject: x\n\nWords", Format.EML),
        ("memo.txt", b"From: Ann\nTo: Bob\nSubject: Hi\n\nWords.", Format.TEXT),
        ("a.txt", b'{"a": 1}', Format.JSON),
        ("a.md", b"[a link](http://x.example) and words", Format.MARKDOWN),
        ("a.json", b'{"cells": [], "nbformat": 4}', Format.IPYNB),
        ("a.csv", b"just words", Format.CSV),
        ("a.tsv", b"a\tb", Format.CSV),
        ("a.txt", b"a,b\n1,2\n3,4\n", Format.TEXT),
        ("a", b"a;b\n1;2\n3;4\n", Format.CSV),
        ("a", b"Words, and words.\nMore\nand, well, more.\n", Format.TEXT),
        ("a.rst", b"Title\n=====\n", Format.RST),
        ("a.org", b"* Title\n", Format.ORG),
        ("a.pdf", b"just words", Format.TEXT),
        ("a.xyz", b"just words", Format.TEXT),
    ],
)
def test_format(name: str, content: bytes, format: Format) -> None:
    assert detect_format(name, content) is format


def test_every_format_has_one_loader() -> None:
    loaders = [set(load._LOADERS), set(load._MAIL_LOADERS), set(load._PANDOC_SOURCES)]
    assert set.union(*loaders) == set(Format)
    assert sum(map(len, loaders)) == len(Format)


_PLACES = {
    *load._LOADERS.values(),
    *(("mail", function) for function in load._MAIL_LOADERS.values()),
    ("pandoc", "load_with_pandoc"),
}


@pytest.mark.parametrize(("module", "function"), sorted(_PLACES))
def test_each_loader_is_where_the_table_says(module: str, function: str) -> None:
    if importlib.util.find_spec(f"knowledge.loading.{module}") is None:
        pytest.skip(f"knowledge/loading/{module}.py is not there yet")
    loader = importlib.import_module(f"knowledge.loading.{module}")
    assert callable(getattr(loader, function))


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
def test_text_in_any_common_encoding(encoding: str) -> None:
    sentence = "Die Gebühr für größere Räder beträgt 5 Euro. Bitte fragen Sie früh genug über Öffnungszeiten."
    assert shape("a.txt", sentence.encode(encoding)) == [("paragraph", 0, sentence)]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("naïve café", "cp1252"),
        ("“Smart quotes” — and dashes…", "cp1252"),
        ("El niño comió piñas en España.", "latin-1"),
        ("Cena wynosi pięć złotych, proszę zapłacić.", "cp1250"),
        ("Привет, мир. Это текст на русском языке.", "cp1251"),
        ("退货须在三十天内办理,请携带收据到任何门店。", "gbk"),
        ("返品は三十日以内にレシートをお持ちください。", "cp932"),
    ],
)
def test_short_text_in_an_older_encoding(text: str, encoding: str) -> None:
    content = text.encode(encoding)
    assert shape("a.txt", content) == shape("a.html", b"<p>" + content) == [("paragraph", 0, text)]


def test_an_odd_letter_late_in_a_long_text_decides_its_encoding_too() -> None:
    text = "Words without any odd letter in them. " * 5000 + "Die Gebühr für größere Räder beträgt fünf Euro."
    assert decode_text(text.encode("cp1252")) == text


def test_a_character_cut_apart_does_not_change_the_encoding() -> None:
    text = "Die Gebühr für größere Räder beträgt fünf Euro. " * 50
    assert decode_text(text.encode() + b"\xc3") == text + "\ufffd"


def test_nul_bytes_in_a_text_are_left_out() -> None:
    assert shape("a.txt", b"The shop is ope\x00n.\x00") == [("paragraph", 0, "The shop is open.")]


def test_a_parser_that_is_missing_is_not_the_files_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(load._LOADERS, Format.TEXT, ("not_there", "load_text"))
    loaded = load_file("a.txt", b"words")
    assert (loaded.status, "not installed" in (loaded.reason or "")) == (FileStatus.UNSUPPORTED, True)


def test_zero_width_characters_are_dropped_and_long_runs_reported() -> None:
    tags = "".join(chr(0xE0000 + ord(letter)) for letter in "obey me")
    selectors = "".join(chr(0xE0100 + ord(letter) - 16) for letter in "or else")
    run = "\u200b\u200c" * 5
    loaded = load_file("a.txt", f"The shop{tags} is{selectors} open{run} now.".encode())
    assert [block.text for block in loaded.blocks] == ["The shop is open now."]
    assert loaded.hidden == (
        "zero-width characters: obey me",
        "zero-width characters: or else",
        "zero-width characters: a run of 10",
    )


@pytest.mark.parametrize(
    "text",
    [
        "می\u200cخواهم",
        "👩\u200d🚲",
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "\ufeffx\u00ad",
    ],
    ids=["Persian", "emoji", "flag", "mark and soft hyphen"],
)
def test_zero_width_characters_that_belong_are_not_reported(text: str) -> None:
    loaded = load_file("a.txt", text.encode())
    assert (loaded.status, loaded.hidden) == (FileStatus.OK, ())
