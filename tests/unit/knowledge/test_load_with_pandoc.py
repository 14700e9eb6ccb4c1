"""What pandoc reads comes as the same blocks, and it reaches nothing but what it is given."""

import io
import json
import zipfile
from pathlib import Path

import pytest

from knowledge.loading.blocks import FileStatus, Unreadable
from knowledge.loading.pandoc import PandocSource, load_with_pandoc

RST = b"""Guide
=====

Open daily [#n]_.

- one
- two

.. [#n] Not on Mondays.

Next
----

Last.
"""
ORG = b"* Guide\nOpen daily.\n- one\n** Next\n| A | B |\n| 1 | 2 |\n"
RTF = rb"{\rtf1\ansi {\b Guide}\par Open caf\'e9 {\v never seen}daily.\par}"
NOTEBOOK = json.dumps(
    {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {},
        "cells": [
            {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# Guide"},
            {
                "cell_type": "code",
                "id": "b",
                "metadata": {},
                "source": "print(1)",
                "outputs": [],
                "execution_count": 1,
            },
        ],
    }
).encode()


@pytest.mark.parametrize(
    ("source", "content", "texts"),
    [
        ("rst", RST, ["Guide", "Open daily.", "1. Not on Mondays.", "- one", "- two", "Next", "Last."]),
        ("org", ORG, ["Guide", "Open daily.", "- one", "Next", "A | B\n1 | 2"]),
        ("rtf", RTF, ["Guide", "Open café daily."]),
        ("ipynb", NOTEBOOK, ["Guide", "print(1)"]),
        ("rst", "Grüße aus Köln, der Größe wegen.".encode("cp1252"), ["Grüße aus Köln, der Größe wegen."]),
    ],
)
def test_formats(source: PandocSource, content: bytes, texts: list[str]) -> None:
    assert [block.text for block in load_with_pandoc(content, source).blocks] == texts


def make_epub(**members: str) -> bytes:
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="i"><metadata '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="i">x</dc:identifier>'
        '<dc:title>T</dc:title><dc:language>en</dc:language></metadata><manifest><item id="c" href="c.xhtml" '
        'media-type="application/xhtml+xml"/></manifest><spine><itemref idref="c"/></spine></package>'
    )
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles>'
        '<rootfile full-path="p.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
    )
    page = '<html xmlns="http://www.w3.org/1999/xhtml"><body><h1>Guide</h1><p>Open daily.</p></body></html>'
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr("META-INF/container.xml", container)
        archive.writestr("p.opf", package)
        archive.writestr("c.xhtml", page)
        for name, text in members.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), text)
    return buffer.getvalue()


def test_epub() -> None:
    assert [block.text for block in load_with_pandoc(make_epub(), "epub").blocks] == ["Guide", "Open daily."]


def test_files_beside_the_document_are_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("a,secret\n")
    text = f".. include:: {secret}\n\n.. csv-table:: t\n   :file: {secret}\n\nHello.\n"
    loaded = load_with_pandoc(text.encode(), "rst")
    assert [block.text for block in loaded.blocks] == ["t", "Hello."]
    assert load_with_pandoc(f"#+INCLUDE: {secret}\nHello.\n".encode(), "org").blocks[-1].text == "Hello."


@pytest.mark.parametrize(
    ("source", "content", "status"),
    [
        ("rtf", b"just words", FileStatus.CORRUPT),
        ("ipynb", b'{"cells": 3}', FileStatus.CORRUPT),
        ("odt", b"PK\x03\x04 cut", FileStatus.CORRUPT),
        ("epub", make_epub()[:200], FileStatus.CORRUPT),
        ("epub", make_epub(**{"META-INF__rights_xml": "<rights/>"}), FileStatus.ENCRYPTED),
    ],
)
def test_what_cannot_be_read_is_told(source: PandocSource, content: bytes, status: FileStatus) -> None:
    with pytest.raises(Unreadable) as raised:
        load_with_pandoc(content, source)
    assert raised.value.status is status
    assert raised.value.reason


@pytest.mark.parametrize(
    ("hidden", "expected"),
    [
        (rb"{\v never seen}", ("never seen",)),
        (rb"\v never\b  seen\b0\v0 ", ("never seen",)),
        (rb"{\fs20\v1\cf1 never se\'e9n}{\v too}", ("never se n", "too")),
        (rb"{\viewkind4 daily}\vertalc ", ()),
    ],
)
def test_hidden_words_of_rtf_are_reported(hidden: bytes, expected: tuple[str, ...]) -> None:
    loaded = load_with_pandoc(rb"{\rtf1\ansi Open " + hidden + rb" always.\par}", "rtf")
    assert loaded.hidden == expected
    assert "never" not in loaded.blocks[0].text
