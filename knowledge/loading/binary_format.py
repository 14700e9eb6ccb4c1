"""Formats that show themselves by their first bytes or by what their container holds."""

import re
import zipfile

from knowledge.loading.blocks import FileStatus, Unreadable
from knowledge.loading.containers import list_ole_streams, open_zip, read_member
from knowledge.loading.format import MARKDOWN_SUFFIXES, READABLE, Format

_OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_TEXT_SUFFIXES = MARKDOWN_SUFFIXES | {".txt", ".text", ".rst", ".org", ".csv", ".tsv", ".html", ".htm"}
_PICTURE = "it is a picture; text in pictures is not read"
_SOUND = "it is a recording; what is said in recordings is not read"
_ARCHIVE = "it is an archive; put the files themselves into the folder"
_NOT_READ: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", _PICTURE),
    (b"\xff\xd8\xff", _PICTURE),
    (b"GIF8", _PICTURE),
    (b"II*\x00", _PICTURE),
    (b"MM\x00*", _PICTURE),
    (b"ID3", _SOUND),
    (b"OggS", _SOUND),
    (b"fLaC", _SOUND),
    (b"\x1aE\xdf\xa3", _SOUND),
    (b"\x1f\x8b", _ARCHIVE),
    (b"BZh", _ARCHIVE),
    (b"\xfd7zXZ\x00", _ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", _ARCHIVE),
    (b"Rar!\x1a\x07", _ARCHIVE),
    (b"\x7fELF", "it is a program"),
    (b"MZ\x90\x00", "it is a program"),
    (b"SQLite format 3\x00", "it is a database"),
)
_MIMETYPES = {
    "application/epub+zip": Format.EPUB,
    "application/vnd.oasis.opendocument.text": Format.ODT,
    "application/vnd.oasis.opendocument.spreadsheet": Format.ODS,
    "application/vnd.oasis.opendocument.presentation": Format.ODP,
}
_MAIN_PARTS = {
    "word/document": Format.DOCX,
    "ppt/presentation": Format.PPTX,
    "xl/workbook": Format.XLSX,
}
_ENCRYPTED = "it is protected by a password"
_FONT_OBFUSCATION = (b"http://www.idpf.org/2008/embedding", b"http://ns.adobe.com/pdf/enc#RC")


def detect_binary(content: bytes, suffix: str) -> Format | None:
    """None if it may be text. Raises Unreadable for what is recognised but not read."""
    if _is_pdf(content, suffix):
        return Format.PDF
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _detect_zip(content)
    if content.startswith(_OLE_MAGIC):
        return _detect_ole(content)
    if content.lstrip()[:5] == b"{\\rtf":
        return Format.RTF
    for magic, reason in _NOT_READ:
        if content.startswith(magic):
            raise Unreadable(FileStatus.UNSUPPORTED, reason)
    if content[:4] == b"RIFF" or content[4:8] == b"ftyp":
        raise Unreadable(FileStatus.UNSUPPORTED, "it is a picture or a recording, which are not read")
    return None


def _is_pdf(content: bytes, suffix: str) -> bool:
    # The format allows other bytes before its mark; a text may well speak of it.
    at = content[:1024].find(b"%PDF-")
    return at == 0 or (at > 0 and suffix not in _TEXT_SUFFIXES and b"endobj" in content)


def _detect_zip(content: bytes) -> Format:
    with open_zip(content) as archive:
        names = frozenset(archive.namelist())
        mimetype = read_member(archive, "mimetype", 200).decode("ascii", "replace").strip()
        if format := _MIMETYPES.get(mimetype.removesuffix("-template")):
            _refuse_encrypted(archive)
            return format
        for part, format in _MAIN_PARTS.items():
            if any(re.fullmatch(rf"{part}\d*\.xml", name) for name in names):
                return format
    raise Unreadable(FileStatus.UNSUPPORTED, _why_zip_is_not_read(names))


def _refuse_encrypted(archive: zipfile.ZipFile) -> None:
    """OpenDocument says so in its manifest; EPUB lists what is encrypted, of which fonts do not matter."""
    listed = re.findall(rb'Algorithm="([^"]+)"', read_member(archive, "META-INF/encryption.xml"))
    if b"encryption-data" in read_member(archive, "META-INF/manifest.xml") or any(
        algorithm not in _FONT_OBFUSCATION for algorithm in listed
    ):
        raise Unreadable(FileStatus.ENCRYPTED, _ENCRYPTED)


def _why_zip_is_not_read(names: frozenset[str]) -> str:
    if "xl/workbook.bin" in names:
        return "it is a binary workbook (.xlsb); save it as .xlsx"
    if any(name.endswith(".iwa") for name in names):
        return "it is an Apple iWork file; export it as PDF or as an Office file"
    return _ARCHIVE


def _detect_ole(content: bytes) -> Format:
    streams = list_ole_streams(content)
    if "EncryptedPackage" in streams:
        raise Unreadable(FileStatus.ENCRYPTED, _ENCRYPTED)
    if "__properties_version1.0" in streams:
        return Format.MSG
    if streams & {"Workbook", "Book"}:
        return Format.XLS
    if "WordDocument" in streams:
        raise Unreadable(FileStatus.UNSUPPORTED, "it is an old Word file (.doc); save it as .docx")
    if "PowerPoint Document" in streams:
        raise Unreadable(FileStatus.UNSUPPORTED, "it is an old PowerPoint file (.ppt); save it as .pptx")
    raise Unreadable(FileStatus.UNSUPPORTED, f"it is an old Office file; Crewdesk reads {READABLE}")
