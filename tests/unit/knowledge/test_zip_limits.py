"""A container is refused before anything of it is unpacked, and names that lead outside are left out."""

import io
import zipfile

import pytest

from knowledge.loading.blocks import FileStatus, Unreadable
from knowledge.loading.zip_limits import check_zip


def pack(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_only_names_within_the_container() -> None:
    inside = ["word/document.xml", "a..b/c.xml", "..word.xml"]
    outside = ["../up.xml", "word/../../up.xml", "/etc/passwd", "C:/x.xml", "\\\\host\\x", "a\\..\\b"]
    assert check_zip(pack(dict.fromkeys(inside + outside, b"x"))) == inside


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
        check_zip(content)
    assert raised.value.status is status


def test_what_unpacks_to_little_is_harmless_at_any_ratio() -> None:
    assert check_zip(pack({"a.xml": bytes(5 * 1024**2)})) == ["a.xml"]
