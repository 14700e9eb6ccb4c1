"""The evaluation of known files finds what is wrong with a reading, and holds where nothing is."""

import json
from pathlib import Path

import pytest

from evals.documents import Expected, faults_in, fitting_statuses, holds_words, main
from knowledge.loading.blocks import Block, BlockKind, FileStatus, LoadedFile
from tests.unit.knowledge.shop import encrypt_pdf, make_docx, make_pdf, make_zip

DOCX = make_docx()
GOOD: dict[str, tuple[str, bytes, dict[str, object]]] = {
    "a.md": ("ok", b"| bike | price |\n|---|---|\n| city | 12 EUR |\n", {"must_include": ["City   12 EUR"]}),
    "a.html": ("ok", b"<p>Shown<p hidden>secret</p>", {"must_include": ["shown"]}),
    "cut.docx": ("corrupt", DOCX[:2000], {}),
    "really.pdf": ("wrong_extension", DOCX, {"must_include": ["We lend bikes"]}),
    "locked.pdf": ("encrypted", encrypt_pdf(make_pdf([[(11, "x")]]), "password"), {"password": "password"}),
    "open.pdf": ("encrypted_empty_password", encrypt_pdf(make_pdf([[(11, "x")]]), ""), {}),
    "none.txt": ("empty", b"", {}),
    "random.bin": ("unsupported", bytes(range(256)), {}),
    "bomb.docx": ("bomb", make_zip({"word/document.xml": b" " * 2**25}), {}),
    "odd.txt": ("malformed", b"a\0b", {}),
    "xxe.xml": (
        "hostile",
        b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</r>',
        {"must_not_include": ["root:x:0:0"]},
    ),
}


def write_folder(folder: Path, files: dict[str, tuple[str, bytes, dict[str, object]]]) -> Path:
    (folder / "files").mkdir()
    lines = []
    for name, (kind, content, more) in files.items():
        (folder / "files" / name).write_bytes(content)
        row = {"file": f"files/{name}", "format": name.rpartition(".")[2], "kind": kind, **more}
        lines.append(json.dumps(row))
    (folder / "manifest.jsonl").write_text("\n".join(lines) + "\n")
    return folder


def test_a_folder_that_is_read_as_it_should_be_holds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(write_folder(tmp_path, GOOD))]) == 0
    printed = capsys.readouterr().out
    assert "0 faults; snippet recall 3/3: holds" in printed


@pytest.mark.parametrize(
    ("name", "row", "says"),
    [
        ("a.md", ("corrupt", b"words", {}), "is ok (None), not corrupt"),
        ("a.md", ("ok", b"words", {"must_not_include": ["WORDS"]}), "includes “WORDS”"),
        ("a.md", ("ok", b"words", {"must_include": ["other words"]}), "misses 1 snippets"),
    ],
    ids=["status", "forbidden", "recall"],
)
def test_one_bad_file_is_named_and_fails_it(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    row: tuple[str, bytes, dict[str, object]],
    says: str,
) -> None:
    assert main([str(write_folder(tmp_path, {name: row}))]) == 1
    printed = capsys.readouterr().out
    assert f"files/{name}" in printed
    assert says in printed


def test_an_unknown_kind_is_reported_and_not_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(write_folder(tmp_path, {"a[b].md": ("strange", b"words", {})}))]) == 0
    assert "files/a[b].md (strange) is of the unknown kind" in capsys.readouterr().out


def test_a_folder_without_a_manifest_is_a_mistake_of_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path)]) == 2
    assert main([]) == 2
    assert "manifest" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("kind", "format", "snippets", "fits"),
    [
        ("ok", "pdf", ("x",), {"ok"}),
        ("ok", "pdf", (), {"ok", "empty", "scanned"}),
        ("ok", "doc", ("x",), {"unsupported"}),
        ("malformed", "pdf", ("x",), {"ok"}),
        ("malformed", "pdf", (), {"ok", "empty", "scanned", "corrupt"}),
        ("scanned", "pdf", (), {"scanned"}),
    ],
)
def test_which_statuses_fit(kind: str, format: str, snippets: tuple[str, ...], fits: set[str]) -> None:
    expected = Expected(file="a", format=format, kind=kind, must_include=snippets)
    assert fitting_statuses(expected) == fits


def test_what_must_not_be_included_is_looked_for_in_all_that_was_read() -> None:
    expected = Expected(file="a", format="txt", kind="ok", must_not_include=("the secret",))
    block = Block(BlockKind.PARAGRAPH, "words")
    for loaded in (
        LoadedFile(FileStatus.OK, blocks=(Block(BlockKind.PARAGRAPH, "The\nsecret"),)),
        LoadedFile(FileStatus.OK, blocks=(block,), title="The secret"),
        LoadedFile(FileStatus.OK, blocks=(block,), hidden=("the secret",)),
    ):
        assert faults_in(expected, loaded, 0.0) == ["includes “the secret”"]


def test_a_slow_file_is_a_fault() -> None:
    loaded = LoadedFile(FileStatus.OK, blocks=(Block(BlockKind.PARAGRAPH, "words"),))
    assert faults_in(Expected(file="a", format="txt", kind="ok"), loaded, 31.0) == ["took 31 s"]


def test_snippets_are_compared_by_their_words_in_a_row() -> None:
    text = "City bike | 12 EUR\nDominguez; Mcmillan and Donovan | Größe"
    assert holds_words(text, "city   BIKE  12 eur")
    assert holds_words(text, "Dominguez;Mcmillan\tand")
    assert not holds_words(text, "city 12")
    assert not holds_words(text, "ity bike")
    assert not holds_words(text, "12 EU")
