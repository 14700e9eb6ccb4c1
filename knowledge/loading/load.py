"""Chooses a loader by what a file holds, and turns whatever goes wrong in it into a status."""

from collections.abc import Callable
from importlib import import_module

from knowledge.loading.blocks import Block, FileStatus, LoadedFile, Unreadable, clean_text, one_line
from knowledge.loading.format import Format, detect_format
from knowledge.loading.hidden import bound_hidden, collect_hidden

MAX_FILE_BYTES = 20 * 1024 * 1024
LONGEST_TITLE = 255

# A loader takes the file's bytes and gives its blocks. Where it is: module and function under
# knowledge.loading, imported when the first such file comes, since each brings a parser that takes its time.
_LOADERS: dict[Format, tuple[str, str]] = {
    Format.PDF: ("pdf", "load_pdf"),
    Format.DOCX: ("docx", "load_docx"),
    Format.PPTX: ("pptx", "load_pptx"),
    Format.XLSX: ("spreadsheet", "load_xlsx"),
    Format.XLS: ("spreadsheet", "load_xls"),
    Format.ODS: ("opendocument", "load_ods"),
    Format.ODP: ("opendocument", "load_odp"),
    Format.HTML: ("html", "load_html"),
    Format.XML: ("xml", "load_xml"),
    Format.JSON: ("json", "load_json"),
    Format.CSV: ("csv", "load_csv"),
    Format.MARKDOWN: ("markdown", "load_markdown"),
    Format.TEXT: ("text", "load_text"),
}
# These take what to load their attachments with as well.
_MAIL_LOADERS = {Format.EML: "load_eml", Format.MSG: "load_msg"}
# Read by pandoc, under its name for the format.
_PANDOC_SOURCES = {
    Format.RTF: "rtf",
    Format.ODT: "odt",
    Format.EPUB: "epub",
    Format.RST: "rst",
    Format.ORG: "org",
    Format.IPYNB: "ipynb",
}
_MAY_BE_SCANNED = frozenset({Format.DOCX, Format.PPTX, Format.ODT, Format.ODP, Format.EPUB})
_NO_TEXT = "there is no text in it"
_SCANNED = "it holds pictures but no text; scanned pages would need OCR"
_MOST_ATTACHMENT_LEVELS = 3


def load_file(name: str, content: bytes) -> LoadedFile:
    """Never raises: a file that cannot be read is a status and a reason."""
    return _load(name, content, levels=_MOST_ATTACHMENT_LEVELS)


def _load(name: str, content: bytes, *, levels: int) -> LoadedFile:
    """`levels` is how deep attachments within attachments are still followed."""
    if not content.strip():
        return LoadedFile(FileStatus.EMPTY, "the file is empty")
    with collect_hidden() as noted:
        loaded = _try_loader(name, content, levels)
    hidden = bound_hidden(filter(None, map(one_line, (*loaded.hidden, *noted))))
    title = one_line(loaded.title or "")[:LONGEST_TITLE] or None
    return LoadedFile(loaded.status, loaded.reason, loaded.blocks, title, hidden)


def _try_loader(name: str, content: bytes, levels: int) -> LoadedFile:
    try:
        format = detect_format(name, content)
        loaded = _call_loader(format, content, levels)
    except Unreadable as unreadable:
        return LoadedFile(unreadable.status, unreadable.reason)
    except ImportError as error:
        return LoadedFile(FileStatus.UNSUPPORTED, f"its parser is not installed ({error})")
    except MemoryError:
        return LoadedFile(FileStatus.TOO_LARGE, "reading it takes more memory than it may")
    except RecursionError:
        return LoadedFile(FileStatus.TOO_LARGE, "its content is nested too deeply")
    except Exception as error:  # noqa: BLE001 - a parser may raise anything; it costs this file only
        reason = clean_text(f"its parser gave up ({type(error).__name__}: {error})")
        return LoadedFile(FileStatus.CORRUPT, reason[:300])
    if loaded.status is FileStatus.OK and not loaded.blocks:
        return _without_text(format, content, loaded)
    return loaded


def _call_loader(format: Format, content: bytes, levels: int) -> LoadedFile:
    result = _choose_loader(format, levels)(content)
    return result if isinstance(result, LoadedFile) else LoadedFile(FileStatus.OK, blocks=tuple(result))


def _choose_loader(format: Format, levels: int) -> Callable[[bytes], LoadedFile | list[Block]]:
    if source := _PANDOC_SOURCES.get(format):
        load_with_pandoc = _import("pandoc", "load_with_pandoc")
        return lambda content: load_with_pandoc(content, source)
    if function := _MAIL_LOADERS.get(format):
        load_mail = _import("mail", function)
        return lambda content: load_mail(content, _attachment_loader(levels - 1))
    return _import(*_LOADERS[format])


def _attachment_loader(levels: int) -> Callable[[str, bytes], LoadedFile]:
    def load_attachment(name: str, content: bytes) -> LoadedFile:
        if levels < 1:
            return LoadedFile(FileStatus.TOO_LARGE, "it is attached within too many attachments")
        return _load(name, content, levels=levels)

    return load_attachment


def _import(module: str, function: str) -> Callable[..., LoadedFile | list[Block]]:
    loader: Callable[..., LoadedFile | list[Block]] = getattr(
        import_module(f"knowledge.loading.{module}"), function
    )
    return loader


def _without_text(format: Format, content: bytes, loaded: LoadedFile) -> LoadedFile:
    from knowledge.loading.containers import holds_pictures

    is_scanned = format in _MAY_BE_SCANNED and holds_pictures(content)
    status, reason = (FileStatus.SCANNED, _SCANNED) if is_scanned else (FileStatus.EMPTY, _NO_TEXT)
    return LoadedFile(status, reason, title=loaded.title, hidden=loaded.hidden)
