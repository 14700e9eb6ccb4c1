"""A small workspace that a test can write documents into."""

import io
import struct
import zipfile
from pathlib import Path

import docx
import pypdf

from knowledge.ingest import ingest
from knowledge.ingest_report import IngestReport
from knowledge.library import Library
from knowledge.search.access import AccessScope
from ledger.db import Database
from ledger.people import EVERYONE
from ledger.workspace import Workspace, open_workspace
from tests.stand_ins.ingestion import make_intake

STAFF = AccessScope(frozenset({EVERYONE}))
HR = AccessScope(frozenset({"hr"}))

_PEOPLE = """\
groups: {everyone: All of us, hr: People team, finance: Money}
people:
  - {email: staff@shop.example, name: Staff}
"""


class Shop:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.documents = folder / "documents"
        self.documents.mkdir(parents=True)
        (folder / "workspace.yaml").write_text("name: Shop\n")
        (folder / "people.yaml").write_text(_PEOPLE)

    def write(self, name: str, content: str | bytes) -> Path:
        """`name` is a path under documents/."""
        path = self.documents / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def open(self) -> Workspace:
        return open_workspace(self.folder)

    def ingest(self, db: Database, library: Library, only: str | None = None) -> IngestReport:
        return ingest(db, self.open(), library, lambda _progress: None, only=only, intake=make_intake())


def paths_found(library: Library, text: str, access: AccessScope = STAFF) -> set[str]:
    return {hit.path for hit in library.search(text, access, limit=50).hits}


def make_docx() -> bytes:
    """A title, two sections, a list and a table between two paragraphs."""
    document = docx.Document()
    document.add_heading("Bike hire", level=0)
    document.add_paragraph("We lend bikes from April to October.")
    document.add_heading("Prices", level=1)
    table = document.add_table(rows=0, cols=2)
    for cells in (("Bike", "Per day"), ("City", "12 EUR"), ("Cargo", "35 EUR")):
        row = table.add_row()
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
    document.add_paragraph("Helmets are free.")
    document.add_heading("What to bring", level=1)
    document.add_paragraph("An identity card", style="List Bullet")
    return _saved(document)


def _saved(document: "docx.document.Document") -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def make_pdf(pages: list[list[tuple[int, str]]]) -> bytes:
    """Pages of lines, each with its font size."""
    return make_drawn_pdf([_page_stream(lines) for lines in pages])


def make_drawn_pdf(streams: list[bytes], *, filters: str = "") -> bytes:
    """A page for each content stream; the font is F1."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b""]
    objects.append(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    kids = []
    for stream in streams:
        objects.append(
            b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(stream), filters.encode(), stream)
        )
        kids.append(b"%d 0 R" % (len(objects) + 1))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R "
            b"/Resources << /Font << /F1 3 0 R >> >> >>" % len(objects)
        )
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(kids), len(kids))
    return _assemble(objects)


def _page_stream(lines: list[tuple[int, str]]) -> bytes:
    parts, y = [], 780
    for size, text in lines:
        parts.append(f"BT /F1 {size} Tf 1 0 0 1 60 {y} Tm ({text}) Tj ET")
        y -= size + 8
    return "\n".join(parts).encode("latin-1")


def _assemble(objects: list[bytes]) -> bytes:
    body, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    return (
        body
        + b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table)
        + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(body))
    )


def encrypt_pdf(content: bytes, password: str) -> bytes:
    writer = pypdf.PdfWriter(io.BytesIO(content))
    writer.encrypt(password, algorithm="AES-256")
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def make_zip(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def make_ole(stream: str) -> bytes:
    """An OLE file whose root holds one empty stream of that name; its second sector is the directory."""
    sector = 512
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
    header += bytes(6) + struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    header += struct.pack("<I", 0) + b"\xff" * (sector - len(header) - 4)
    table = struct.pack("<II", 0xFFFFFFFD, 0xFFFFFFFE) + b"\xff" * (sector - 8)
    root = _ole_entry("Root Entry", 5, child=1)
    return header + table + root + _ole_entry(stream, 2) + bytes(2 * 128)


def _ole_entry(name: str, kind: int, child: int = 0xFFFFFFFF) -> bytes:
    encoded = name.encode("utf-16-le")
    entry = encoded.ljust(64, b"\0") + struct.pack("<HBB", len(encoded) + 2, kind, 1)
    entry += struct.pack("<III", 0xFFFFFFFF, 0xFFFFFFFF, child) + bytes(16 + 4 + 16)
    return entry + struct.pack("<IQ", 0xFFFFFFFE, 0)
