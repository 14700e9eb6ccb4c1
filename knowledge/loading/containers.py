"""What lies in a zip or OLE container, looked at without unpacking it.

A zip is refused before any parser sees it if it could harm by unpacking: too much, too many, or names that
lead elsewhere. The sizes are those its directory declares; Python's zipfile never unpacks a member beyond its
own.
"""

import io
import zipfile
import zlib
from pathlib import PurePosixPath

from knowledge.loading.blocks import FileStatus, Unreadable

# A parser holds its XML as a tree, ten times the size; other members are pictures that nobody unpacks.
MAX_XML_BYTES = 30 * 1024 * 1024
MAX_UNPACKED_BYTES = 200 * 1024 * 1024
MAX_MEMBERS = 10_000
# Real documents pack at 3 to 30; runs of equal cells reach 100. A bomb packs at a thousand.
MAX_RATIO = 200
_RATIO_COUNTS_FROM_BYTES = 1024 * 1024
_XML_SUFFIXES = (".xml", ".rels", ".xhtml", ".html", ".htm", ".opf", ".ncx", ".vml", ".bin")
# fmt: off
_PICTURE_SUFFIXES = (
    ".png", ".jpg", ".jpeg", ".gif", ".tif", ".tiff", ".bmp", ".emf", ".wmf", ".svm", ".webp",
)
# fmt: on
_PASSWORD = "it is protected by a password"


def open_zip(content: bytes) -> zipfile.ZipFile:
    """Raises Unreadable if the zip is damaged, locked, or unpacks to more than Crewdesk reads."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError):
        raise Unreadable(FileStatus.CORRUPT, "its zip container is damaged or incomplete") from None
    _refuse_excess(archive.infolist(), len(content))
    _refuse_names(archive.namelist())
    if any(member.flag_bits & 0x1 for member in archive.infolist()):
        raise Unreadable(FileStatus.ENCRYPTED, _PASSWORD)
    return archive


def list_members(content: bytes) -> list[str]:
    """The names in a zip. Raises Unreadable as `open_zip` does."""
    with open_zip(content) as archive:
        return archive.namelist()


def _refuse_excess(members: list[zipfile.ZipInfo], packed_bytes: int) -> None:
    if len(members) > MAX_MEMBERS:
        raise Unreadable(FileStatus.TOO_LARGE, f"it holds {len(members)} files; the limit is {MAX_MEMBERS}")
    unpacked = sum(member.file_size for member in members)
    xml = sum(member.file_size for member in members if member.filename.lower().endswith(_XML_SUFFIXES))
    ratio = unpacked / max(packed_bytes, 1)
    if (
        xml > MAX_XML_BYTES
        or unpacked > MAX_UNPACKED_BYTES
        or (unpacked > _RATIO_COUNTS_FROM_BYTES and ratio > MAX_RATIO)
    ):
        size = f"{unpacked / 1024**2:.0f} MB, {ratio:.0f} times its size"
        raise Unreadable(FileStatus.TOO_LARGE, f"it unpacks to {size}: more than Crewdesk reads")


def _refuse_names(names: list[str]) -> None:
    for name in names:
        path = PurePosixPath(name.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or (path.parts and path.parts[0].endswith(":")):
            raise Unreadable(FileStatus.CORRUPT, "its zip container holds a path that leads outside of it")


def read_member(archive: zipfile.ZipFile, name: str, limit_bytes: int = 1024 * 1024) -> bytes:
    """The first bytes of a member; empty if there is none."""
    try:
        with archive.open(name) as member:
            return member.read(limit_bytes)
    except KeyError:
        return b""
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, zlib.error):
        raise Unreadable(FileStatus.CORRUPT, "its zip container is damaged or incomplete") from None


def holds_pictures(content: bytes) -> bool:
    """Whether a document that is a zip holds pictures, where a scan's pages would be."""
    try:
        names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError):
        return False
    return any(name.lower().endswith(_PICTURE_SUFFIXES) and "thumbnail" not in name.lower() for name in names)


def list_ole_streams(content: bytes) -> frozenset[str]:
    """The names at the root of an OLE file; raises Unreadable if it is damaged."""
    import olefile

    try:
        with olefile.OleFileIO(content) as container:
            return frozenset(path[0] for path in container.listdir(streams=True, storages=True))
    except Exception as error:  # whatever a damaged directory leads it to
        raise Unreadable(FileStatus.CORRUPT, "its OLE container is damaged or incomplete") from error
