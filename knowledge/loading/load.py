"""Chooses a loader by what a file holds, and turns whatever goes wrong in it into a status."""

from collections.abc import Callable
from pathlib import PurePath

from knowledge.loading.blocks import Block, FileStatus, LoadedFile, Unreadable, clean_text
from knowledge.loading.docx import load_docx
from knowledge.loading.html import load_html
from knowledge.loading.markdown import load_markdown
from knowledge.loading.pdf import load_pdf
from knowledge.loading.text import load_text

MAX_FILE_BYTES = 20 * 1024 * 1024
MARKDOWN_SUFFIXES = frozenset({".md", ".markdown"})

_BY_SUFFIX: dict[str, Callable[[bytes], list[Block]]] = {
    **dict.fromkeys(MARKDOWN_SUFFIXES, load_markdown),
    ".txt": load_text,
    ".text": load_text,
    ".html": load_html,
    ".htm": load_html,
}
_READABLE = "Markdown, text, HTML, PDF and Word (.docx)"
_OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def load_file(name: str, content: bytes) -> LoadedFile:
    """Never raises: a file that cannot be read is a status and a reason."""
    if not content.strip():
        return LoadedFile(FileStatus.EMPTY, "the file is empty")
    try:
        loaded = _choose_loader(name, content)(content)
    except Unreadable as unreadable:
        return LoadedFile(unreadable.status, unreadable.reason)
    except Exception as error:  # noqa: BLE001 - a parser may raise anything; it costs this file only
        reason = clean_text(f"its parser gave up ({type(error).__name__}: {error})")
        return LoadedFile(FileStatus.CORRUPT, reason[:300])
    if not isinstance(loaded, LoadedFile):
        loaded = LoadedFile(FileStatus.OK, blocks=tuple(loaded))
    if not loaded.blocks:
        return LoadedFile(FileStatus.EMPTY, "there is no text in it (scanned pages would need OCR)")
    return loaded


def _choose_loader(name: str, content: bytes) -> Callable[[bytes], list[Block] | LoadedFile]:
    """By content where the format shows itself, since a PDF called .docx is still a PDF. Raises
    Unreadable."""
    suffix = PurePath(name).suffix.lower()
    # The format allows other bytes before its mark; a text may well speak of it.
    if content.startswith(b"%PDF-") or (suffix not in _BY_SUFFIX and b"%PDF-" in content[:1024]):
        return load_pdf
    if content.startswith(b"PK\x03\x04") and (b"word/" in content or suffix == ".docx"):
        return load_docx
    if content.startswith(_OLE_MAGIC):
        if _OLE_ENCRYPTED in content:
            raise Unreadable(FileStatus.ENCRYPTED, "it is protected by a password")
        raise Unreadable(FileStatus.UNSUPPORTED, f"it is an old Office file; Crewdesk reads {_READABLE}")
    if suffix in {".pdf", ".docx"}:
        raise Unreadable(FileStatus.CORRUPT, f"its content is not that of a {suffix} file")
    if suffix not in _BY_SUFFIX:
        kind = f"files ending in {suffix}" if suffix else "files without an ending"
        raise Unreadable(FileStatus.UNSUPPORTED, f"{kind} are not read; Crewdesk reads {_READABLE}")
    return _BY_SUFFIX[suffix]
