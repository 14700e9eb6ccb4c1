"""Which format a file is of, told by what it holds.

The name decides only between formats that are all plain text, such as Markdown and CSV: a PDF called `.docx`
is a PDF, and HTML called `.csv` is HTML.
"""

from enum import StrEnum
from pathlib import PurePath

from knowledge.loading.blocks import FileStatus, Unreadable


class Format(StrEnum):
    PDF = "pdf"
    DOCX = "docx"
    PPTX = "pptx"
    XLSX = "xlsx"
    XLS = "xls"
    ODT = "odt"
    ODS = "ods"
    ODP = "odp"
    EPUB = "epub"
    RTF = "rtf"
    MSG = "msg"
    EML = "eml"
    HTML = "html"
    XML = "xml"
    JSON = "json"
    IPYNB = "ipynb"
    CSV = "csv"
    MARKDOWN = "markdown"
    RST = "rst"
    ORG = "org"
    TEXT = "text"


READABLE = (
    "Markdown, text, HTML, PDF, Word, PowerPoint, Excel, OpenDocument, RTF, EPUB, CSV, e-mail, XML, JSON and "
    "notebooks"
)
MARKDOWN_SUFFIXES = frozenset({".md", ".markdown", ".mdx", ".mkd", ".mkdn", ".mdown", ".mdwn"})
# A file so named that holds neither that format nor any text must once have been whole.
_BINARY_SUFFIXES = frozenset(
    {".pdf", ".docx", ".pptx", ".xlsx", ".xlsm", ".xls", ".odt", ".ods", ".odp", ".epub", ".msg", ".rtf"}
)


def detect_format(name: str, content: bytes) -> Format:
    """Raises Unreadable where the content shows that it cannot be read, such as a picture or an encrypted
    file."""
    from knowledge.loading.binary_format import detect_binary
    from knowledge.loading.text_format import detect_text

    suffix = PurePath(name).suffix.lower()
    if (format := detect_binary(content, suffix)) is not None:
        return format
    try:
        return detect_text(content, suffix)
    except Unreadable:
        if suffix in _BINARY_SUFFIXES:
            raise Unreadable(FileStatus.CORRUPT, f"its content is not that of a {suffix} file") from None
        reason = f"its content is neither text nor a format that is known; Crewdesk reads {READABLE}"
        raise Unreadable(FileStatus.UNSUPPORTED, reason) from None
