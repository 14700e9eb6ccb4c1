"""A copy of an index's folder: the same bytes, and no more place on the disk than the original."""

import os
from pathlib import Path

import pytest

from knowledge.search.copying import copy_index_folder

MIB = 1 << 20


def place_of(path: Path) -> int:
    """What it takes on the disk, in bytes."""
    return path.stat().st_blocks * 512


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {0: b"all of it"},
        {8 * MIB: b"at the end"},
        {0: b"both ", 8 * MIB: b"ends"},
        {4 * MIB: os.urandom(3 * MIB)},
    ],
    ids=["empty", "no hole", "hole before", "hole between", "more than is read at once"],
)
@pytest.mark.parametrize("reserved", [0, 16 * MIB])
def test_a_copy_has_the_same_bytes_and_the_same_holes(
    tmp_path: Path, parts: dict[int, bytes], reserved: int
) -> None:
    original = tmp_path / "index" / "segments" / "page.dat"
    original.parent.mkdir(parents=True)
    with original.open("wb") as file:
        for start, content in parts.items():
            file.seek(start)
            file.write(content)
        file.truncate(max(reserved, file.tell()))
        os.fsync(file.fileno())
    copy_index_folder(tmp_path / "index", tmp_path / "copy")
    copy = tmp_path / "copy" / "segments" / "page.dat"
    assert copy.read_bytes() == original.read_bytes()
    assert place_of(copy) <= place_of(original)
    assert copy.stat().st_mtime == original.stat().st_mtime


def test_what_lies_in_the_target_stays(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_text(name)
    copy_index_folder(tmp_path / "one", tmp_path / "other")
    assert sorted(path.name for path in (tmp_path / "other").iterdir()) == ["one", "other"]
