"""Bytes to text, whatever encoding they were saved in."""

import codecs

from charset_normalizer import from_bytes

from knowledge.loading.blocks import FileStatus, Unreadable

# Not those that lay out a line or a page, nor ESC, by which old terminals' logs are coloured.
_CONTROLS = bytes({*range(32)} - {*b"\t\n\v\f\r\x1b"})
_MOST_CONTROLS = 0.05
_HEAD_BYTES = 64 * 1024
# Enough to tell one encoding from another; a detector reads megabytes slowly.
_SAMPLE_BYTES = 128 * 1024
_BEFORE_SAMPLE_BYTES = 1024
# UTF-8 of which a few characters were cut apart stays UTF-8.
_MOST_BROKEN = 0.02
# What text is still saved in; among all that ever were, a short text fits some by chance.
# fmt: off
_LEGACY = (
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "koi8_r", "cp932",
    "euc_jp", "gb18030", "big5", "cp949",
)
# fmt: on
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode_text(content: bytes) -> str:
    """Lines end in a line feed. Raises Unreadable if the bytes are not text."""
    text = content.decode(_find_encoding(content), "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def decode_head(content: bytes) -> str:
    """The first lines of a text, to see what it is; raises Unreadable if the bytes are not text."""
    head = content[:_HEAD_BYTES]
    # Cut at a line, and so between two characters.
    end = head.rfind(b"\n") if len(content) > _HEAD_BYTES else -1
    return decode_text(head[:end] if end > 0 else head)


def drop_lines(content: bytes, count: int) -> bytes:
    """The same text without its first lines, as it was encoded: a page may say itself in what."""
    encoding = _find_encoding(content)
    if encoding.startswith(("utf-16", "utf-32")):
        return "".join(decode_text(content).split("\n", count)[count:]).encode(encoding[:6])
    mark = codecs.BOM_UTF8 if content.startswith(codecs.BOM_UTF8) else b""
    return mark + b"".join(content.splitlines(keepends=True)[count:])


def _find_encoding(content: bytes) -> str:
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return encoding
    if unmarked := _utf_16_without_mark(content[:_HEAD_BYTES]):
        return unmarked
    controls = len(content) - len(content.translate(None, _CONTROLS))
    if controls > min(max(2, _MOST_CONTROLS * len(content)), len(content) / 2):
        raise Unreadable(FileStatus.UNSUPPORTED, "its content is not text")
    # UTF-8 first: it hardly ever accepts what is not, where a detector may take short UTF-8 for something
    # else.
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        return "utf-8" if _is_nearly_utf_8(content) else _detect(content, error.start)
    return "utf-8"


def _utf_16_without_mark(head: bytes) -> str | None:
    """Western text in UTF-16 has a NUL as every other byte, on the same side."""
    half = len(head) // 2
    even, odd = head[0 : 2 * half : 2].count(0), head[1 : 2 * half : 2].count(0)
    if half >= 4 and odd > 0.7 * half and even < 0.1 * half:
        return "utf-16-le"
    if half >= 4 and even > 0.7 * half and odd < 0.1 * half:
        return "utf-16-be"
    return None


def _is_nearly_utf_8(content: bytes) -> bool:
    text = content.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    whole = sum(not character.isascii() for character in text) - broken
    return broken < _MOST_BROKEN * whole


def _detect(content: bytes, first_odd_byte: int) -> str:
    start = max(0, first_odd_byte - _BEFORE_SAMPLE_BYTES)
    matches = from_bytes(content[start : start + _SAMPLE_BYTES], cp_isolation=list(_LEGACY))
    best = matches.best()
    if best is None:
        raise Unreadable(FileStatus.UNSUPPORTED, "its content is not text")
    # A few accents fit several encodings equally well; this is the one that browsers take then.
    is_western = any(
        match.encoding == "cp1252" and match.chaos <= best.chaos and match.coherence >= best.coherence
        for match in matches
    )
    return "cp1252" if is_western else best.encoding
