"""RTF, OpenDocument text, EPUB, reStructuredText, Org and notebooks, turned into HTML by pandoc.

Pandoc runs sandboxed: it reads nothing but what it is given, writes to its output only, and within bounds of
memory and time.
"""

import re
import subprocess
from typing import Literal

from knowledge.loading.blocks import FileStatus, LoadedFile, Unreadable, clean_text
from knowledge.loading.containers import list_members
from knowledge.loading.encoding import decode_text
from knowledge.loading.html import parse_html
from knowledge.loading.opendocument_content import open_opendocument

PandocSource = Literal["rtf", "odt", "epub", "rst", "org", "ipynb"]
_HEAP = "-M512M"
_TIMEOUT_S = 25
_HEAP_EXHAUSTED = 251
_LONGEST_REASON = 200
# The number in the text and the arrow back to it, which are not the author's words.
_FOOTNOTE_LINK = re.compile(r'<a\b[^>]*\bclass="footnote-(?:ref|back)".*?</a>', re.DOTALL)
_RTF_HIDDEN = re.compile(rb"(?<!\\)\\v1?(?![a-zA-Z0-9-])((?:\\[^v]|\\v[a-z]|[^\\{}])*)")
_RTF_CONTROL = re.compile(r"\\'[0-9a-fA-F]{2}|\\[a-zA-Z]+-?\d* ?|\\.")
_ASIDE = re.compile(r"(</?)aside\b")
_OTHER_FILE = re.compile(r"^[ \t]+:(?:file|url):.*$", re.MULTILINE)


def load_with_pandoc(content: bytes, source: PandocSource) -> LoadedFile:
    html = _FOOTNOTE_LINK.sub("", _to_html(_prepare(content, source), source).decode())
    # Pandoc puts footnotes into an aside, which on a web page is none of the content.
    blocks = parse_html(_ASIDE.sub(r"\1div", html))
    hidden = _hidden_in_rtf(content) if source == "rtf" else ()
    return LoadedFile(FileStatus.OK, blocks=tuple(blocks), hidden=hidden)


def _hidden_in_rtf(content: bytes) -> tuple[str, ...]:
    """What pandoc leaves out as never shown: all after `\\v`, until that is turned off or its group ends."""
    found = (_RTF_CONTROL.sub(" ", text.decode("latin-1")) for text in _RTF_HIDDEN.findall(content))
    return tuple(words for text in found if (words := " ".join(text.split())))


def _prepare(content: bytes, source: PandocSource) -> bytes:
    """Refuses what is plainly not of that format; pandoc wants text in UTF-8."""
    match source:
        case "odt":
            open_opendocument(content).close()
        case "epub":
            if "META-INF/rights.xml" in list_members(content):
                raise Unreadable(FileStatus.ENCRYPTED, "it is protected against copying")
        case "rtf":
            if not content.lstrip().startswith(b"{\\rtf"):
                raise Unreadable(FileStatus.CORRUPT, "its content is not that of an .rtf file")
        case _:
            # Pandoc gives up on a whole document for one file beside it that it may not read.
            return _OTHER_FILE.sub("", decode_text(content)).encode("utf-8", "replace")
    return content


def _to_html(content: bytes, source: PandocSource) -> bytes:
    import pypandoc

    command = [
        *(pypandoc.get_pandoc_path(), "--sandbox", "--from", source, "--to", "html", "--wrap=none"),
        *("--syntax-highlighting=none", "--reference-location=block", "--mathjax", "+RTS", _HEAP, "-RTS"),
    ]
    try:
        done = subprocess.run(command, input=content, capture_output=True, timeout=_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        raise Unreadable(FileStatus.TOO_LARGE, f"pandoc was not done with it after {_TIMEOUT_S} s") from None
    if done.returncode == _HEAP_EXHAUSTED:
        raise Unreadable(FileStatus.TOO_LARGE, "pandoc needs more memory for it than it is given")
    if done.returncode:
        lines = clean_text(done.stderr.decode("utf-8", "replace")).split("\n")
        raise Unreadable(FileStatus.CORRUPT, f"pandoc cannot read it ({lines[-1][:_LONGEST_REASON]})")
    return done.stdout
