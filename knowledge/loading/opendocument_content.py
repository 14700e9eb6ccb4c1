"""Opens OpenDocument files and reads the text in their XML, with entities and the network off."""

import zipfile
from collections.abc import Iterator
from typing import Any

from lxml import etree

from knowledge.loading.blocks import FileStatus, Unreadable
from knowledge.loading.containers import open_zip
from knowledge.loading.file_title import stated_title

_NAMES = "urn:oasis:names:tc:opendocument:xmlns:"
OFFICE, TABLE, TEXT = (f"{{{_NAMES}{name}:1.0}}" for name in ("office", "table", "text"))
DRAW, PRESENTATION = (f"{{{_NAMES}{name}:1.0}}" for name in ("drawing", "presentation"))
_STYLE = f"{{{_NAMES}style:1.0}}"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"
_SPACES = {f"{TEXT}s": " ", f"{TEXT}tab": "\t", f"{TEXT}line-break": "\n"}
NOT_SHOWN = {f"{OFFICE}annotation", f"{TEXT}tracked-changes"}


def open_opendocument(content: bytes) -> zipfile.ZipFile:
    """Raises Unreadable: corrupt, encrypted or too large."""
    archive = open_zip(content)
    names = archive.namelist()
    if "content.xml" not in names:
        raise Unreadable(FileStatus.CORRUPT, "it holds no OpenDocument content")
    if "META-INF/manifest.xml" in names and b"encryption-data" in archive.read("META-INF/manifest.xml"):
        raise Unreadable(FileStatus.ENCRYPTED, "it is protected by a password")
    return archive


def plain_text(element: Any) -> str:
    text = element.text or ""
    for child in element:
        if child.tag in _SPACES:
            text += _SPACES[child.tag]
        elif isinstance(child.tag, str) and child.tag not in NOT_SHOWN:
            text += plain_text(child)
        text += child.tail or ""
    return text


def find_paragraphs(element: Any) -> Iterator[Any]:
    for child in element:
        if child.tag == f"{TEXT}p":
            yield child
        elif isinstance(child.tag, str) and child.tag not in NOT_SHOWN:
            yield from find_paragraphs(child)


def styles_that_say(root: Any, properties: str, attribute: str, values: set[str]) -> set[str]:
    """The names of the styles that say so."""
    return {
        style.get(f"{_STYLE}name", "")
        for style in root.iter(f"{_STYLE}style")
        for found in style.findall(f"{_STYLE}{properties}")
        if found.get(attribute) in values
    }


def parse_part(archive: zipfile.ZipFile, name: str) -> Any:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    return etree.fromstring(archive.read(name), parser)


def read_title(archive: zipfile.ZipFile) -> str | None:
    if "meta.xml" not in archive.namelist():
        return None
    return stated_title(parse_part(archive, "meta.xml").findtext(f".//{_TITLE}"))
