"""What may be unpacked: the files of Word, PowerPoint, Excel, OpenDocument and EPUB are zip containers.

Nothing is unpacked before the container's own directory says that it is harmless. That directory can lie, but
`zipfile` never gives more of a member than its entry says.
"""

import io
import re
import zipfile

from knowledge.loading.blocks import FileStatus, Unreadable

_MOST_MEMBERS = 10_000
_MOST_UNPACKED_BYTES = 200 * 1024 * 1024
# A parser holds the tree of an XML member in memory, at several times its size.
_MOST_XML_BYTES = 60 * 1024 * 1024
# Documents unpack to 2-30 times their size; what unpacks to little is harmless at any ratio.
_MOST_RATIO = 120
_SMALL_BYTES = 10 * 1024 * 1024
_XML = (".xml", ".rels", ".xhtml", ".html", ".vml")
_OUTSIDE = re.compile(r"^[/\\]|^[A-Za-z]:|(?:^|[/\\])\.\.(?:[/\\]|$)")
_ENCRYPTED_FLAG = 0x1


def check_zip(content: bytes) -> list[str]:
    """The names of the members that may be read, without those that point outside of the container.

    Raises Unreadable: corrupt, encrypted, or too large.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
    # A damaged directory makes zipfile raise these too.
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError):
        raise Unreadable(FileStatus.CORRUPT, "its zip container is damaged or incomplete") from None
    if len(members) > _MOST_MEMBERS:
        raise Unreadable(FileStatus.TOO_LARGE, f"it packs {len(members)} files; the limit is {_MOST_MEMBERS}")
    _check_sizes(members, len(content))
    if any(member.flag_bits & _ENCRYPTED_FLAG for member in members):
        raise Unreadable(FileStatus.ENCRYPTED, "it is protected by a password")
    return [member.filename for member in members if not _OUTSIDE.search(member.filename)]


def _check_sizes(members: list[zipfile.ZipInfo], packed: int) -> None:
    unpacked = sum(member.file_size for member in members)
    xml = sum(member.file_size for member in members if member.filename.lower().endswith(_XML))
    is_bomb = unpacked > _SMALL_BYTES and unpacked > _MOST_RATIO * packed
    if is_bomb or unpacked > _MOST_UNPACKED_BYTES or xml > _MOST_XML_BYTES:
        raise Unreadable(
            FileStatus.TOO_LARGE, f"it unpacks to more than Crewdesk reads ({unpacked / 1024**2:.0f} MB)"
        )
