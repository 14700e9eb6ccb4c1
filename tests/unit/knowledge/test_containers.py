"""A container is refused before anything of it is unpacked."""

import io
import zipfile

import pytest

from knowledge.loading.blocks import FileStatus, Unreadable
from knowledge.loading.containers import list_members


def pack(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_names_that_only_look_as_if_they_led_outside() -> None:
    inside = ["word/document.xml", "a..b/c.xml", "..word.xml"]
    assert list_members(pack(dict.fromkeys(inside, b"x"))) == inside


@pytest.mark.parametrize(
    "name", ["../up.xml", "word/../../up.xml", "/etc/passwd", "C:/x.xml", "\\\\host\\x", "a\\..\\b"]
)
def test_no_name_leads_outside(name: str) -> None:
    with pytest.raises(Unreadable) as raised:
        list_members(pack({"word/document.xml": b"x", name: b"x"}))
    assert raised.value.status is FileStatus.CORRUPT


def encrypted() -> bytes:
    content = bytearray(pack({"a.xml": b"x"}))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"no container", FileStatus.CORRUPT),
        (pack({"a.xml": b"x" * 1000})[:60], FileStatus.CORRUPT),
        (pack({"a.xml": bytes(20 * 1024**2)}), FileStatus.TOO_LARGE),
        (pack({f"{number}.txt": b"" for number in range(10_001)}), FileStatus.TOO_LARGE),
        (encrypted(), FileStatus.ENCRYPTED),
    ],
    ids=["text", "cut", "ratio", "members", "encrypted"],
)
def test_what_is_refused(content: bytes, status: FileStatus) -> None:
    with pytest.raises(Unreadable) as raised:
        list_members(content)
    assert raised.value.status is status
