"""Front matter: what the first lines of a text file say about it, between two lines of `---`.

In any text file, whatever it is called. Who wrote a rule about access there must not find the document open:
what looks like such a rule and cannot be read as one refuses its file.
"""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from textwrap import dedent

from knowledge.metadata import Metadata, check_groups
from ledger.errors import WorkspaceInvalid
from ledger.yaml_file import parse_yaml

_RIGHTS = ("groups", "classification", "pii")
_LIKE = 0.82  # of difflib; `group` and `classificaton` are, `apiGroups` is not

_BLANK = r"[\s\x00-\x1f\x7f\xad\ufeff\u200b-\u200f\u2060-\u2064]*"
_REST_OF_LINE = r"[ \t]*(?:#[^\n]*)?"
_BLOCK = re.compile(
    rf"\A(?P<before>{_BLANK})---{_REST_OF_LINE}\n(?P<yaml>.*?)^[ \t]*(?:---|\.\.\.){_REST_OF_LINE}(?:\n|\Z)",
    re.DOTALL | re.MULTILINE,
)
_KEY = re.compile(r"""(?:^|[{,][ \t]*)["']?([a-z][\w-]*)["']?[ \t]*[:=]""", re.MULTILINE | re.IGNORECASE)

# What people write instead: TOML, dashes a word processor has joined, too many of them, a block that never
# ends, one below or within a comment.
_COMMENT = re.compile(rf"{_BLANK}(?:<!--(?P<inside>.*?)-->|<\?.*?\?>)", re.DOTALL)
_DASH = r"[-\u2010-\u2015\u2212]"
_OPENING = re.compile(
    rf"{_BLANK}(?P<mark>{_DASH}{{3,}}|[\u2013\u2014]-?|\+{{3,}}){_REST_OF_LINE}\n"
    rf"(?P<block>.*?)(?:^[ \t]*(?:{_DASH}{{3,}}|[\u2013\u2014]-?|\+{{3,}}){_REST_OF_LINE}$|\Z)",
    re.DOTALL | re.MULTILINE,
)
# The same in bytes, of whatever encoding; UTF-16 by its mark.
_BEGINNING = re.compile(
    rb"(?:[\x00-\x20\x7f]|\xc2[\x80-\xad]|\xe2\x80[\x80-\x8f\xa8-\xaf]|\xe2\x81[\x9f-\xa4]|\xe3\x80\x80"
    rb"|\xef\xbb\xbf)*(?:-\0*-|\+\0*\+|<\0*!\0*-|<\0*\?|\xe2\x80[\x90-\x95]|\xe2\x88\x92|[\x96\x97]"
    rb"|\xff\xfe|\xfe\xff)"
)


def may_have_front_matter(content: bytes) -> bool:
    """Cheap, so that a folder of large files need not be decoded to see that nothing changed."""
    return _BEGINNING.match(content) is not None


def take_front_matter(
    text: str, source: str, declared_groups: frozenset[str], *, is_markdown: bool
) -> tuple[Metadata, int]:
    """What the block says and how many lines of the text it takes, none where there is no block. In Markdown
    every closed block is one; elsewhere one that names none of its keys is text. Raises WorkspaceInvalid
    naming file, line and key."""
    match = _BLOCK.match(text)
    if match is None:
        _refuse_lookalike(text, source, tuple(Metadata.model_fields) if is_markdown else _RIGHTS)
        return Metadata(), 0
    first_line = match["before"].count("\n") + 2
    try:
        metadata = parse_yaml(match["yaml"], Metadata, source=source, first_line=first_line)
    except WorkspaceInvalid as error:
        if is_markdown:
            raise
        if not _names_a_field(match["yaml"]):
            return Metadata(), 0
        raise WorkspaceInvalid(f"{error} (The lines between --- at the top are front matter.)") from error
    if not is_markdown and metadata == Metadata():
        return metadata, 0
    check_groups(metadata, declared_groups, f"{source}: front matter")
    return metadata, match[0].count("\n") + (not match[0].endswith("\n"))


def _names_a_field(block: str) -> bool:
    return any(
        key in Metadata.model_fields or get_close_matches(key.lower(), _RIGHTS, 1, _LIKE)
        for key in _KEY.findall(dedent(block))
    )


def _refuse_lookalike(text: str, source: str, fields: tuple[str, ...]) -> None:
    key = re.compile(rf"""^["']?(?:{"|".join(fields)})["']?[ \t]*[:=]""", re.MULTILINE)
    for start, part, is_below_comment in _parts(text):
        opening = _OPENING.match(part)
        if opening is None or not key.search(opening["block"]):
            continue
        if is_below_comment:
            trouble = "move it to the first line, out of or above the comment"
        elif opening["mark"] == "---":
            trouble = "the line that closes it is missing"
        else:
            trouble = f"here it begins with {opening['mark'][:10]}"
        line = 1 + text.count("\n", 0, start + opening.start("mark"))
        raise WorkspaceInvalid(
            f"{source}:{line}: this looks like front matter, which is YAML between two lines of --- at the "
            f"top of the file: {trouble}."
        )


def _parts(text: str) -> Iterator[tuple[int, str, bool]]:
    """Where a block may begin: at the top, below the comments there, and within each of them; with its place
    in the text, and whether a comment is in the way."""
    at = 0
    while comment := _COMMENT.match(text, at):
        if comment["inside"]:
            yield comment.start("inside"), comment["inside"], True
        at = comment.end()
    yield at, text[at:], at > 0
