"""Bytes to text, whatever encoding they were saved in."""

import re

from charset_normalizer import from_bytes

from knowledge.loading.blocks import FileStatus, Unreadable

_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f]")
_MOST_CONTROLS = 0.05


def decode_text(content: bytes) -> str:
    """Raises Unreadable if the bytes are not text."""
    text = _decode(content)
    if text is None or len(_CONTROLS.findall(text)) > max(2, _MOST_CONTROLS * len(text)):
        raise Unreadable(FileStatus.UNSUPPORTED, "its content is not text")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decode(content: bytes) -> str | None:
    # UTF-8 first: it hardly ever accepts what is not, where a detector may take short UTF-8 for something
    # else.
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        match = from_bytes(content).best()
        return str(match) if match else None
