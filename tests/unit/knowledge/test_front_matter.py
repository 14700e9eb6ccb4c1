"""Rights at the top of a text file hold whatever it is called and however it is saved, or close it."""

import codecs

import pytest

from knowledge.document import SourceDocument, read_source
from knowledge.library import Library
from knowledge.loading.blocks import FileStatus
from knowledge.metadata import Classification
from knowledge.sources import find_sources
from ledger.db import Database
from tests.stand_ins.ingestion import Inline
from tests.unit.knowledge.shop import HR, Shop, paths_found

RULE = "---\ngroups: [hr]\n---\n"
WORDS = "Pay bands are reviewed in May."


def read(shop: Shop, name: str, content: str | bytes) -> SourceDocument:
    shop.write(name, content)
    workspace = shop.open()
    [source] = [each for each in find_sources(workspace).files if each.name == f"documents/{name}"]
    return read_source(source, frozenset(workspace.people.groups))


def reads(document: SourceDocument) -> str:
    return "\n".join(block.text for block in document.load(Inline()).blocks)


@pytest.mark.parametrize(
    ("name", "body", "words"),
    [
        ("a.md", WORDS, WORDS),
        ("a.mdx", WORDS, WORDS),
        ("a.mkd", WORDS, WORDS),
        ("a.mdown", WORDS, WORDS),
        ("a.txt", WORDS, WORDS),
        ("a.text", WORDS, WORDS),
        ("a", WORDS, WORDS),
        ("a.rst", WORDS, WORDS),
        ("a.html", f"<p>{WORDS}</p>", WORDS),
        ("a.csv", "band;from\nA;May\nB;June\n", "band | from\nA | May\nB | June"),
        ("a.json", '{"bands": "in May"}', "bands: in May"),
        ("a.eml", f"From: a@b.example\nSubject: Pay\n\n{WORDS}\n", f"From: a@b.example\n{WORDS}"),
        ("a.xml", f"<note>{WORDS}</note>", f"note: {WORDS}"),
        ("a.yaml", WORDS, WORDS),
    ],
)
def test_rights_hold_in_every_kind_of_text(shop: Shop, name: str, body: str, words: str) -> None:
    document = read(shop, name, RULE + body)
    assert (document.metadata.groups, reads(document)) == (("hr",), words)


@pytest.mark.parametrize(
    "content",
    [
        (RULE + WORDS).replace("\n", "\r\n").encode(),
        (RULE + WORDS).replace("\n", "\r").encode(),
        codecs.BOM_UTF8 + (RULE + WORDS).encode(),
        ("\n \n\n" + RULE + WORDS).encode(),
        ("\u200b\xa0\n" + RULE + WORDS).encode(),
        (RULE + WORDS).encode("utf-16"),
        codecs.BOM_UTF16_BE + (RULE + WORDS).encode("utf-16-be"),
        (RULE + WORDS).encode("utf-16-le"),
        ("---\ngroups: [hr]\n...\n" + WORDS).encode(),
        ("--- # who may read it\ngroups: [hr]\n--- \n" + WORDS).encode(),
        ("  ---\n  groups: [hr]\n  ---\n" + WORDS).encode(),
        ("---\n{groups: [hr]}\n---\n" + WORDS).encode(),
    ],
)
@pytest.mark.parametrize("name", ["a.md", "a.txt"])
def test_rights_hold_however_the_file_is_saved(shop: Shop, name: str, content: bytes) -> None:
    document = read(shop, name, content)
    assert (document.metadata.groups, reads(document)) == (("hr",), WORDS)


@pytest.mark.parametrize("encoding", ["iso-8859-2", "utf-16"])
def test_what_follows_keeps_the_encoding_it_says_it_has(shop: Shop, encoding: str) -> None:
    page = f'{RULE}<html><meta charset="{encoding}"><p>zażółć</p></html>'
    document = read(shop, "a.html", page.encode(encoding))
    assert (document.metadata.groups, reads(document)) == (("hr",), "zażółć")


@pytest.mark.parametrize(
    ("block", "complaint"),
    [
        ("---\ngroup: [hr]\n---\n", "2: group: this key is not known"),
        ("---\nClassificaton: confidential\n---\n", "2: Classificaton: this key is not known"),
        ("---\ntitle: Pay\nreaders: [hr]\n---\n", "3: readers: this key is not known"),
        ("---\ngroups: hr: x\n---\n", "2: this is not valid YAML"),
        ("---\ngroups: [pirates]\n---\n", "front matter.groups: the group 'pirates'"),
        ("---\ngroups: [hr]\n\n", "1: this looks like front matter"),
        ("\n+++\ngroups = ['hr']\n+++\n", "2: this looks like front matter, which is YAML between two"),
        ("----\ngroups: [hr]\n----\n", "here it begins with ----"),
        ("\u2014\ngroups: [hr]\n\u2014\n", "here it begins with \u2014"),
        (f"<!-- a\n-->\n\n<!-- b -->\n{RULE}", "5: this looks like front matter"),
        (f"<!--\n{RULE}-->\n", "move it to the first line"),
        (f"<?xml version='1.0'?>\n{RULE}", "move it to the first line"),
    ],
)
@pytest.mark.parametrize("name", ["a.md", "a.txt", "a.html"])
def test_rights_that_cannot_be_read_close_the_file(shop: Shop, name: str, block: str, complaint: str) -> None:
    shop.write("_meta.yaml", "defaults: {classification: public}\n")
    document = read(shop, name, block + WORDS)
    loaded = document.load(Inline())
    assert (loaded.status, document.metadata.groups) == (FileStatus.CORRUPT, ())
    assert document.metadata.classification is not Classification.PUBLIC
    assert (loaded.reason or "").startswith(f"documents/{name}:")
    assert complaint in (loaded.reason or "")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.txt", "---\nMinutes\nOwner: Sam\n---\nWe met."),
        ("a.txt", "-----\nMinutes\n-----\nWe met."),
        ("a.txt", "---\n\nWe met. In these groups: all.\n"),
        ("a.txt", "<!-- a --><!-- b -->We met."),
        ("a.yaml", "---\nname: boats\nports:\n  groups: 2\n  apiGroups: 3\n---\nname: tents\n"),
        ("a.yml", "---\ntitle: Boats\nversion: 2\n"),
        ("a.html", "---\nlayout: page\n---\n<p>We met.</p>"),
        ("a.md", "---\n\n# Minutes\n\nWe met.\n"),
        ("a.md", "+++\nWe met.\n+++\n"),
    ],
)
def test_what_says_nothing_of_rights_is_text(shop: Shop, name: str, text: str) -> None:
    document = read(shop, name, text)
    assert document.metadata.groups == ("everyone",)
    assert document.load(Inline()).status is FileStatus.OK
    assert document.content == text.encode()


def test_many_comments_take_no_long_time(shop: Shop) -> None:
    document = read(shop, "a.md", "<!-- a -->\n" * 20_000 + WORDS)
    assert document.metadata.groups == ("everyone",)


def test_a_library_made_under_older_rules_is_judged_once_more(
    shop: Shop, sqlite_db: Database, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.write("pay.txt", RULE + WORDS)
    shop.write("typo.txt", f"---\ngroup: [hr]\n---\n{WORDS} Bonuses follow in June.")
    shop.write("boats.md", "# Boats\n\nBoats leave from the north pier.\n")
    with monkeypatch.context() as older:
        older.setattr(
            "knowledge.document._take_front_matter", lambda source, content, _: (source.metadata, content)
        )
        older.setattr("knowledge.document.RECIPE", "passages-0")
        shop.ingest(sqlite_db, library)
    everything = {"documents/pay.txt", "documents/typo.txt", "documents/boats.md"}
    assert paths_found(library, "pay bands") == everything

    report = shop.ingest(sqlite_db, library)
    assert report.statuses == {"ok": 2, "corrupt": 1}
    assert paths_found(library, "pay bands") == {"documents/boats.md"}
    assert paths_found(library, "pay bands", HR) == {"documents/pay.txt"}
    again = shop.ingest(sqlite_db, library)
    assert (again.changes, again.embedded) == ({"unchanged": 3}, 0)


def test_rights_that_cannot_be_read_any_more_close_it_even_if_the_batch_is_blocked(
    shop: Shop, sqlite_db: Database, library: Library
) -> None:
    for number in range(12):
        shop.write(f"{number}.txt", f"{WORDS} This is page {number}.")
    shop.ingest(sqlite_db, library)
    for number in range(12):
        shop.write(f"{number}.txt", f"---\ngroups: [hr\n---\n{WORDS} This is page {number}.")
    assert shop.ingest(sqlite_db, library).outcome == "blocked"
    assert paths_found(library, "pay bands") == set()
