"""The parts of one mail in order: its body, then what is attached, each attachment read by its own format.

A bounded number of parts is read, and what is left out is named.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from email.message import EmailMessage

from knowledge.loading.blocks import (
    Block,
    BlockKind,
    FileStatus,
    LoadedFile,
    Unreadable,
    make_block,
    one_line,
)
from knowledge.loading.html import parse_html
from knowledge.loading.mail_message import (
    child_parts,
    file_name,
    is_attached,
    is_signed,
    read_head,
    read_header,
    read_payload,
    read_text,
)
from knowledge.loading.text import parse_text

LoadAttachment = Callable[[str, bytes], LoadedFile]

ENCRYPTED_REASON = "it is an encrypted mail"
_MOST_ATTACHMENTS = 50
_DEEPEST_MESSAGE = 4
_PGP = "-----BEGIN PGP MESSAGE-----"
_DEEPEST_HEADING = 6


@dataclass(slots=True)
class MailReader:
    """Gathers what the parts of one mail hold; also used for Outlook's own format."""

    load_attachment: LoadAttachment
    body: list[Block] = field(default_factory=list)
    attached: list[Block] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    _attachments: int = 0
    _left_out: int = 0

    def finish(self, subject: str, head: str) -> LoadedFile:
        """Raises Unreadable if there was nothing beyond the head."""
        if not self.body and not self.attached:
            raise Unreadable(FileStatus.EMPTY, "there is no text in it beyond its header")
        if self._left_out:
            self.name_attachment(f"{self._left_out} more", f"the limit is {_MOST_ATTACHMENTS}")
        first = make_block(BlockKind.PARAGRAPH, head)
        blocks = (*((first,) if first else ()), *self.body, *self.attached)
        return LoadedFile(FileStatus.OK, blocks=blocks, title=subject or None, hidden=tuple(self.hidden))

    def read(self, part: EmailMessage, depth: int = 0) -> None:
        kind = part.get_content_type()
        if kind == "multipart/encrypted" or (kind.endswith("pkcs7-mime") and not is_signed(part)):
            raise Unreadable(FileStatus.ENCRYPTED, ENCRYPTED_REASON)
        if kind == "message/rfc822":
            self._read_message(part, depth)
        elif kind == "multipart/alternative":
            self._read_alternative(part, depth)
        elif part.is_multipart():
            for child in child_parts(part):
                self.read(child, depth)
        elif kind.startswith("text/") and not is_attached(part):
            self.body.extend(read_body(read_text(part), is_html=kind == "text/html"))
        elif is_attached(part) or not kind.startswith("image/"):
            self.read_attachment(file_name(part), read_payload(part))

    def _read_alternative(self, part: EmailMessage, depth: int) -> None:
        """The plain version where it says anything, else the last one, which is the richest."""
        children = child_parts(part)
        plain = [child for child in children if child.get_content_type() == "text/plain"]
        plain = [child for child in plain if read_text(child).strip()]
        rich = [child for child in children if child.get_content_type() != "text/calendar"]
        shown = plain[:1] or rich[-1:] or children[-1:]
        # A file may come as yet another version.
        for child in children:
            if child in shown or is_attached(child):
                self.read(child, depth)

    def _read_message(self, part: EmailMessage, depth: int) -> None:
        for message in child_parts(part)[:1]:
            name = f"mail {one_line(read_header(message, 'Subject')) or 'without a subject'}"
            if depth >= _DEEPEST_MESSAGE:
                self.name_attachment(name, "it lies too deep in other mails")
                return
            inner = MailReader(self.load_attachment, _attachments=self._attachments)
            try:
                inner.read(message, depth + 1)
            except Unreadable as unreadable:
                self.name_attachment(name, unreadable.reason)
                return
            first = make_block(BlockKind.PARAGRAPH, read_head(message))
            self._attachments, self._left_out = inner._attachments, self._left_out + inner._left_out
            self.hidden.extend(inner.hidden)
            self._attach_file(name, [*([first] if first else []), *inner.body, *inner.attached])

    def read_attachment(self, name: str, content: bytes) -> None:
        if self._attachments >= _MOST_ATTACHMENTS:
            self._left_out += 1
            return
        self._attachments += 1
        loaded = self.load_attachment(name, content)
        self.hidden.extend(loaded.hidden)
        if loaded.status is FileStatus.OK:
            self._attach_file(name, loaded.blocks)
        else:
            self.name_attachment(name, loaded.reason or loaded.status)

    def name_attachment(self, name: str, reason: str) -> None:
        """An attachment that is not read is told of, not passed over."""
        if block := make_block(BlockKind.PARAGRAPH, f"Attachment not read: {one_line(name)} ({reason})."):
            self.body.append(block)

    def _attach_file(self, name: str, blocks: list[Block] | tuple[Block, ...]) -> None:
        place = f"attachment {one_line(name)}"
        if heading := make_block(BlockKind.HEADING, f"Attachment: {name}", 1, place):
            self.attached.append(heading)
        for block in blocks:
            level = min(block.level + 1, _DEEPEST_HEADING) if block.kind is BlockKind.HEADING else block.level
            within = f"{place}, {block.place}" if block.place else place
            self.attached.append(replace(block, level=level, place=within))


def read_body(text: str, *, is_html: bool) -> list[Block]:
    """Raises Unreadable if the text is encrypted."""
    if text.lstrip().startswith(_PGP):
        raise Unreadable(FileStatus.ENCRYPTED, ENCRYPTED_REASON)
    return parse_html(text) if is_html else parse_text(text)
