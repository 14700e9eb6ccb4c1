"""Mails: who wrote what to whom, then what is attached, each attachment read by its own format.

Header fields may be malformed in any way; none of that costs the mail. A bounded number of parts is read,
and what is left out is named.
"""

import email.header
import email.policy
import email.utils
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from email.parser import BytesParser

from knowledge.loading.blocks import (
    Block,
    BlockKind,
    FileStatus,
    LoadedFile,
    Unreadable,
    clean_text,
    make_block,
    one_line,
)
from knowledge.loading.encoding import decode_text
from knowledge.loading.html import parse_html
from knowledge.loading.text import parse_text

LoadAttachment = Callable[[str, bytes], LoadedFile]

_MOST_ATTACHMENTS = 50
_DEEPEST_MESSAGE = 4
_FIELDS = ("From", "To", "Cc", "Date", "Subject", "Received", "Message-ID")
_SHOWN_FIELDS = ("From", "To", "Cc")
_PGP = "-----BEGIN PGP MESSAGE-----"
_ENCRYPTED_REASON = "it is an encrypted mail"
_DEEPEST_HEADING = 6


def load_eml(content: bytes, load_attachment: LoadAttachment) -> LoadedFile:
    """Raises Unreadable: empty, corrupt, or encrypted."""
    if not content.strip():
        raise Unreadable(FileStatus.EMPTY, "the file is empty")
    message = BytesParser(policy=email.policy.default).parsebytes(content.lstrip())
    assert isinstance(message, EmailMessage)
    if not any(_header(message, name) for name in _FIELDS):
        raise Unreadable(FileStatus.CORRUPT, "it has none of a mail's header fields")
    reader = MailReader(load_attachment)
    head = _head(message)
    reader.read(message)
    return reader.finish(one_line(_header(message, "Subject")), head)


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
        if kind == "multipart/encrypted" or (kind.endswith("pkcs7-mime") and not _is_signed(part)):
            raise Unreadable(FileStatus.ENCRYPTED, _ENCRYPTED_REASON)
        if kind == "message/rfc822":
            self._read_message(part, depth)
        elif kind == "multipart/alternative":
            self._read_alternative(part, depth)
        elif part.is_multipart():
            for child in _children(part):
                self.read(child, depth)
        elif kind in {"text/plain", "text/html"} and not _is_attached(part):
            self.body.extend(read_body(_text(part), is_html=kind == "text/html"))
        elif _is_attached(part) or not kind.startswith(("text/", "image/")):
            self.read_attachment(_file_name(part), _payload(part))

    def _read_alternative(self, part: EmailMessage, depth: int) -> None:
        """The plain version where it says anything, else the last one, which is the richest."""
        children = _children(part)
        plain = [
            child for child in children if child.get_content_type() == "text/plain" and _text(child).strip()
        ]
        for child in plain[:1] or children[-1:]:
            self.read(child, depth)
        # A calendar entry or a file may come as yet another version.
        for child in children:
            if child not in plain[:1] and _is_attached(child):
                self.read(child, depth)

    def _read_message(self, part: EmailMessage, depth: int) -> None:
        for message in _children(part)[:1]:
            subject = one_line(_header(message, "Subject")) or "without a subject"
            if depth >= _DEEPEST_MESSAGE:
                self._left_out += 1
                return
            inner = MailReader(self.load_attachment, _attachments=self._attachments)
            inner.read(message, depth + 1)
            first = make_block(BlockKind.PARAGRAPH, _head(message))
            found = [*([first] if first else []), *inner.body, *inner.attached]
            self._attachments, self._left_out = inner._attachments, self._left_out + inner._left_out
            self.hidden.extend(inner.hidden)
            self._attach_file(f"mail {subject}", found)

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
        raise Unreadable(FileStatus.ENCRYPTED, _ENCRYPTED_REASON)
    return parse_html(text) if is_html else parse_text(text)


def write_head(fields: list[tuple[str, str]]) -> str:
    return "\n".join(f"{name}: {one_line(value)}" for name, value in fields if value.strip())


def _head(message: EmailMessage) -> str:
    fields = [(name, _header(message, name)) for name in _SHOWN_FIELDS]
    return write_head([*fields, ("Date", _date(message))])


def _date(message: EmailMessage) -> str:
    """To the minute, as its writer's clock showed it; a date nobody can read stays as it is written."""
    written = _header(message, "Date")
    try:
        return email.utils.parsedate_to_datetime(written).strftime("%Y-%m-%d %H:%M")
    except (ValueError, TypeError, IndexError, OverflowError):
        return written


def _header(message: EmailMessage, name: str) -> str:
    try:
        return clean_text(str(message.get(name, "")))
    except Exception:  # noqa: BLE001 - the header parser stumbles in many ways over what spammers write
        raw = next((value for key, value in message.raw_items() if key.lower() == name.lower()), "")
        return clean_text(str(raw))


def _children(part: EmailMessage) -> list[EmailMessage]:
    payload = part.get_payload()
    return (
        [child for child in payload if isinstance(child, EmailMessage)] if isinstance(payload, list) else []
    )


def _text(part: EmailMessage) -> str:
    try:
        return str(part.get_content())
    except (LookupError, ValueError, KeyError, TypeError):
        # An unknown or wrong charset.
        return decode_text(_payload(part)) if _payload(part).strip() else ""


def _payload(part: EmailMessage) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _is_attached(part: EmailMessage) -> bool:
    """Pictures within the text have a name too, but an id to be shown by."""
    try:
        disposition, name = part.get_content_disposition(), part.get_filename()
    except Exception:  # noqa: BLE001 - as for any header field
        disposition, name = None, None
    if disposition == "attachment":
        return True
    is_text = part.get_content_type() in {"text/plain", "text/html"}
    return (
        bool(name) and not is_text and not (part.get("Content-ID") and part.get_content_maintype() == "image")
    )


def _is_signed(part: EmailMessage) -> bool:
    return part.get_param("smime-type") == "signed-data"


def _file_name(part: EmailMessage) -> str:
    try:
        name = one_line(part.get_filename() or "")
    except Exception:  # noqa: BLE001 - as for any header field
        name = ""
    return name or f"without a name ({part.get_content_type()})"
