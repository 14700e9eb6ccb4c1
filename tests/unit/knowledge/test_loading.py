"""Every format gives the same blocks; a file that cannot be read costs itself only."""

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.loading import containers
from knowledge.loading.blocks import FileStatus
from knowledge.loading.format import Format, detect_format
from knowledge.loading.load import load_file
from tests.unit.knowledge.shapes import shape
from tests.unit.knowledge.shop import encrypt_pdf, make_docx, make_ole, make_pdf, make_zip

REAL_FILES = Path(__file__).parents[4] / "shared" / "data" / "documents"


def test_markdown() -> None:
    text = b"""# Title with `code`

A *first* line
goes on. See [the page](http://x.example).

## Steps

1. One

   still one
2. Two
   - inner

| Zone | Price |
|------|-------|
| A    | 3 EUR |

```
key = value
```
"""
    assert shape("a.md", text) == [
        ("heading", 1, "Title with code"),
        ("paragraph", 0, "A first line goes on. See the page."),
        ("heading", 2, "Steps"),
        ("list_item", 1, "1. One"),
        ("list_item", 1, "still one"),
        ("list_item", 1, "2. Two"),
        ("list_item", 2, "- inner"),
        ("table", 0, "Zone | Price\nA | 3 EUR"),
        ("paragraph", 0, "key = value"),
    ]


def test_text_knows_underlined_and_capital_headings_lists_and_wrapped_lines() -> None:
    text = """OPENING HOURS

The shop opens every day at nine o'clock in the morning and
closes at six.

Addresses
---------
Mill Lane 1
Harbour 22

- first item that is long enough to be wrapped at the edge of
  the page
- second
"""
    assert shape("a.txt", text.encode()) == [
        ("heading", 1, "OPENING HOURS"),
        ("paragraph", 0, "The shop opens every day at nine o'clock in the morning and closes at six."),
        ("heading", 2, "Addresses"),
        ("paragraph", 0, "Mill Lane 1\nHarbour 22"),
        ("list_item", 1, "- first item that is long enough to be wrapped at the edge of the page"),
        ("list_item", 1, "- second"),
    ]


def test_a_sentence_that_goes_on_in_the_next_line_is_no_break_somebody_meant() -> None:
    text = """In thin letters this line holds more of them than the next one, up to here.
We expect them to grow by some 3.1 in the hundred, and after
percents come points of them.

Bring a
towel
"""
    assert shape("a.txt", text.encode()) == [
        (
            "paragraph",
            0,
            "In thin letters this line holds more of them than the next one, up to here. "
            "We expect them to grow by some 3.1 in the hundred, and after percents come points of them.",
        ),
        ("paragraph", 0, "Bring a\ntowel"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_text_in_any_common_encoding(encoding: str) -> None:
    sentence = "Die Gebühr für größere Räder beträgt 5 Euro. Bitte fragen Sie früh genug über Öffnungszeiten."
    assert shape("a.txt", sentence.encode(encoding)) == [("paragraph", 0, sentence)]


def test_docx_in_document_order() -> None:
    assert shape("a.docx", make_docx()) == [
        ("heading", 1, "Bike hire"),
        ("paragraph", 0, "We lend bikes from April to October."),
        ("heading", 1, "Prices"),
        ("table", 0, "Bike | Per day\nCity | 12 EUR\nCargo | 35 EUR"),
        ("paragraph", 0, "Helmets are free."),
        ("heading", 1, "What to bring"),
        ("list_item", 1, "- An identity card"),
    ]


def test_invisible_characters_are_dropped() -> None:
    assert shape("a.txt", "pass\u200bword\u00ad is\u202e hidden\U000e0041".encode()) == [
        ("paragraph", 0, "password is hidden")
    ]


def picture_docx() -> bytes:
    """A page that is a picture, as a scanner saves it."""
    archive = {"word/media/image1.png": b"\x89PNG"}
    with zipfile.ZipFile(io.BytesIO(make_docx())) as source:
        archive |= {name: source.read(name) for name in source.namelist()}
    archive["word/document.xml"] = (
        b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        b"<w:body><w:p/></w:body></w:document>"
    )
    return make_zip(archive)


def locked_zip(content: bytes) -> bytes:
    """With the flag of an encrypted member set in the directory."""
    at = content.rindex(b"PK\x01\x02")
    return content[: at + 8] + b"\x01" + content[at + 9 :]


DOCX = make_docx()


@pytest.mark.parametrize(
    ("name", "content", "status", "reason"),
    [
        ("a.md", b" \n", FileStatus.EMPTY, "empty"),
        ("a.html", b"<main><script>x</script></main>", FileStatus.EMPTY, "no text"),
        ("a.pdf", make_pdf([[]]), FileStatus.EMPTY, "no text"),
        ("a.docx", picture_docx(), FileStatus.SCANNED, "OCR"),
        ("a.pdf", make_pdf([[(11, "x")]])[:200], FileStatus.CORRUPT, "not a whole PDF"),
        ("a.pdf", bytes(range(256)), FileStatus.CORRUPT, ".pdf"),
        ("a.docx", DOCX[:2000], FileStatus.CORRUPT, "damaged"),
        ("a.docx", DOCX[:-30], FileStatus.CORRUPT, "damaged"),
        ("a.docx", make_zip({"word/document.xml": b" " * (40 * 2**20)}), FileStatus.TOO_LARGE, "unpacks"),
        ("a.zip", make_zip({"a.png": bytes(5 * 2**20)}), FileStatus.TOO_LARGE, "times its size"),
        ("a.docx", make_zip({"../x": b"x", "word/document.xml": b"x"}), FileStatus.CORRUPT, "outside"),
        ("a.docx", make_zip({"C:\\x": b"x", "word/document.xml": b"x"}), FileStatus.CORRUPT, "outside"),
        ("a.pdf", encrypt_pdf(make_pdf([[(11, "secret")]]), "password"), FileStatus.ENCRYPTED, "password"),
        ("a.docx", make_ole("EncryptedPackage"), FileStatus.ENCRYPTED, "password"),
        ("a.docx", locked_zip(DOCX), FileStatus.ENCRYPTED, "password"),
        (
            "a.odt",
            make_zip(
                {
                    "mimetype": b"application/vnd.oasis.opendocument.text",
                    "META-INF/manifest.xml": b"<manifest:encryption-data/>",
                }
            ),
            FileStatus.ENCRYPTED,
            "password",
        ),
        (
            "a.epub",
            make_zip(
                {
                    "mimetype": b"application/epub+zip",
                    "META-INF/encryption.xml": b'<EncryptionMethod Algorithm="http://w3.org/aes128-cbc"/>',
                }
            ),
            FileStatus.ENCRYPTED,
            "password",
        ),
        ("a.doc", make_ole("WordDocument"), FileStatus.UNSUPPORTED, ".docx"),
        ("a.ppt", make_ole("PowerPoint Document"), FileStatus.UNSUPPORTED, ".pptx"),
        ("a.doc", make_ole("Something"), FileStatus.UNSUPPORTED, "old Office"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), FileStatus.CORRUPT, "OLE"),
        ("a.xlsx", make_zip({"xl/workbook.bin": b"x"}), FileStatus.UNSUPPORTED, ".xlsb"),
        ("a.pages", make_zip({"Index/Document.iwa": b"x"}), FileStatus.UNSUPPORTED, "iWork"),
        ("a.docx", make_zip({"a.txt": b"x"}), FileStatus.UNSUPPORTED, "archive"),
        ("a.txt", b"\x89PNG\r\n\x1a\n" + bytes(20), FileStatus.UNSUPPORTED, "picture"),
        ("a.txt", b"\1\2", FileStatus.UNSUPPORTED, "neither text nor"),
        ("a.txt", bytes(range(32)) * 20, FileStatus.UNSUPPORTED, "neither text nor"),
    ],
)
def test_what_cannot_be_read_has_a_status_and_a_reason(
    name: str, content: bytes, status: FileStatus, reason: str
) -> None:
    loaded = load_file(name, content)
    assert (loaded.status, loaded.blocks) == (status, ())
    assert reason in (loaded.reason or "")


def test_a_container_of_too_many_files_is_refused() -> None:
    crowd = make_zip({f"word/{number}.xml": b"" for number in range(10_001)})
    loaded = load_file("a.docx", crowd)
    assert (loaded.status, "10001 files" in (loaded.reason or "")) == (FileStatus.TOO_LARGE, True)


def test_a_container_that_unpacks_to_too_much_of_anything_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = make_zip({"word/document.xml": b"x", "a.png": bytes(range(256)) * 10})
    assert load_file("a.docx", pictures).status is FileStatus.CORRUPT
    monkeypatch.setattr(containers, "MAX_UNPACKED_BYTES", 2000)
    assert load_file("a.docx", pictures).status is FileStatus.TOO_LARGE


def test_fonts_that_are_obfuscated_do_not_make_a_book_encrypted() -> None:
    book = make_zip(
        {
            "mimetype": b"application/epub+zip",
            "META-INF/encryption.xml": b'<EncryptionMethod Algorithm="http://www.idpf.org/2008/embedding"/>',
        }
    )
    assert detect_format("a.epub", book) is Format.EPUB


@given(
    start=st.sampled_from(
        [
            b"",
            b"%PDF-1.7\n",
            b"PK\x03\x04word/",
            b"---\n",
            b"<html>",
            b"<?xml ",
            b'[{"',
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        ]
    ),
    rest=st.binary(max_size=400),
    name=st.sampled_from(["a.md", "a.txt", "a.html", "a.pdf", "a.docx", "a.json", "a.xml", "a"]),
)
def test_no_bytes_make_a_loader_raise(start: bytes, rest: bytes, name: str) -> None:
    loaded = load_file(name, start + rest)
    assert bool(loaded.blocks) == (loaded.status is FileStatus.OK)
    assert loaded.status is FileStatus.OK or loaded.reason


@pytest.mark.skipif(not REAL_FILES.is_dir(), reason="needs ../shared/data beside the repository")
def test_real_files_are_all_read_or_told_why() -> None:
    for path in sorted((REAL_FILES / "files").iterdir()):
        loaded = load_file(path.name, path.read_bytes())
        assert loaded.blocks or loaded.reason, path.name
        assert "\0" not in "".join(block.text for block in loaded.blocks), path.name
