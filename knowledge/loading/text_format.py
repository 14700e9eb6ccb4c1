"""Formats that are plain text: those that show themselves in their first lines, then those told by name."""

import csv
import json
import re
from collections.abc import Iterator

from knowledge.loading.encoding import decode_head
from knowledge.loading.format import MARKDOWN_SUFFIXES, Format

_BY_SUFFIX = {
    **dict.fromkeys(MARKDOWN_SUFFIXES, Format.MARKDOWN),
    ".txt": Format.TEXT,
    ".text": Format.TEXT,
    ".html": Format.HTML,
    ".htm": Format.HTML,
    ".xhtml": Format.HTML,
    ".csv": Format.CSV,
    ".tsv": Format.CSV,
    ".tab": Format.CSV,
    ".rst": Format.RST,
    ".org": Format.ORG,
    ".eml": Format.EML,
    ".json": Format.JSON,
    ".jsonl": Format.JSON,
    ".ndjson": Format.JSON,
    ".geojson": Format.JSON,
}
_SKIPPED = r"(?:\s|<!--.*?-->|<\?.*?\?>)*"
_HTML = re.compile(rf"{_SKIPPED}<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
_XML = re.compile(r"\s*<\?xml\s")
_MARKUP = re.compile(rf"{_SKIPPED}<[a-z_!]", re.IGNORECASE | re.DOTALL)
_HEADER = re.compile(r"([A-Za-z][A-Za-z0-9-]*):(?=\s|$)")
# Headers that mail programs write and people do not.
_MACHINE_HEADERS = frozenset({"received", "message-id", "mime-version", "return-path", "delivered-to"})
_DELIMITERS = "\t;|,"
_SNIFFED_LINES = 20


def detect_text(content: bytes, suffix: str) -> Format:
    """Raises Unreadable if the content is not text."""
    head = decode_head(content)
    if _HTML.match(head):
        return Format.HTML
    if _XML.match(head) or (suffix in {".xml", ".rss", ".atom", ".svg"} and _MARKUP.match(head)):
        return Format.XML
    if _is_mail(head):
        return Format.EML
    if head.lstrip()[:1] in {"{", "["} and (format := _detect_json(content, suffix)):
        return format
    if suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix]
    return Format.CSV if _is_table(head) else Format.TEXT


def _is_mail(head: str) -> bool:
    names = set(_header_names(head))
    return "from" in names and len(names) > 2 and bool(names & _MACHINE_HEADERS)


def _header_names(head: str) -> Iterator[str]:
    """Up to the first line that is neither a header nor the continuation of one."""
    for line in head.lstrip().split("\n"):
        if header := _HEADER.match(line):
            yield header[1].lower()
        elif not line.startswith((" ", "\t", "From ")) or not line.strip():
            return


def _detect_json(content: bytes, suffix: str) -> Format | None:
    """None if it only begins like JSON, unless it is called so."""
    is_called_so = suffix == ".ipynb" or _BY_SUFFIX.get(suffix) is Format.JSON
    try:
        value = json.loads(content)
    except RecursionError:
        return Format.JSON
    except ValueError:
        return Format.JSON if is_called_so or _is_json_lines(content) else None
    is_notebook = isinstance(value, dict) and "nbformat" in value and "cells" in value
    return Format.IPYNB if is_notebook else Format.JSON


def _is_json_lines(content: bytes) -> bool:
    lines = [line for line in content.split(b"\n", 3)[:3] if line.strip()][:2]
    try:
        return len(lines) == 2 and all(isinstance(json.loads(line), dict | list) for line in lines)
    except (ValueError, RecursionError):
        return False


def _is_table(head: str) -> bool:
    """Whether its first lines have the same number of cells, for one of the usual delimiters."""
    lines = [line for line in head.split("\n")[:_SNIFFED_LINES] if line.strip()]
    if len(lines) < 3:
        return False
    for delimiter in _DELIMITERS:
        try:
            widths = {len(row) for row in csv.reader(lines, delimiter=delimiter)}
        except csv.Error:
            continue
        if len(widths) == 1 and widths.pop() > 1:
            return True
    return False
