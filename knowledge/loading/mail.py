"""Mails, as standard files (.eml) and as Outlook's (.msg): who wrote what to whom, and what is attached."""

import io
from typing import Any

from knowledge.loading.blocks import FileStatus, LoadedFile, Unreadable, one_line
from knowledge.loading.mail_message import parse_mail, read_head, read_header, write_head
from knowledge.loading.mail_reader import ENCRYPTED_REASON, LoadAttachment, MailReader, read_body

_FIELDS = ("From", "To", "Cc", "Date", "Subject", "Received", "Message-ID")
_SECURED = "IPM.Note.SMIME"
# What an encrypted mail has in place of its text.
_CIPHERS = (".pgp-encrypted", "smime.p7m")


def load_eml(content: bytes, load_attachment: LoadAttachment) -> LoadedFile:
    """Raises Unreadable: empty, corrupt, or encrypted."""
    if not content.strip():
        raise Unreadable(FileStatus.EMPTY, "the file is empty")
    message = parse_mail(content)
    if not any(read_header(message, name) for name in _FIELDS):
        raise Unreadable(FileStatus.CORRUPT, "it has none of a mail's header fields")
    reader = MailReader(load_attachment)
    head = read_head(message)
    reader.read(message)
    return reader.finish(one_line(read_header(message, "Subject")), head)


def load_msg(content: bytes, load_attachment: LoadAttachment) -> LoadedFile:
    """Raises Unreadable: empty, corrupt, or encrypted."""
    from oxmsg import Message

    try:
        message = Message.load(io.BytesIO(content))
        attachments = [(one_line(item.file_name or ""), item.file_bytes) for item in message.attachments]
    except Exception as error:
        raise Unreadable(FileStatus.CORRUPT, f"it is not a whole Outlook mail ({error})") from error
    if message.message_class == _SECURED or any(name.lower().endswith(_CIPHERS) for name, _ in attachments):
        raise Unreadable(FileStatus.ENCRYPTED, ENCRYPTED_REASON)
    reader = MailReader(load_attachment)
    if body := (message.body or "").strip():
        reader.body.extend(read_body(body, is_html=False))
    elif message.html_body:
        reader.body.extend(read_body(message.html_body, is_html=True))
    for name, file in attachments:
        if file is None:
            reader.name_attachment(name or "an Outlook item", "an item within a mail is not read")
        else:
            reader.read_attachment(name or "without a name", file)
    return reader.finish(one_line(message.subject or ""), _outlook_head(message))


def _outlook_head(message: Any) -> str:
    to = ", ".join(_address(recipient) for recipient in message.recipients)
    date = message.sent_date.strftime("%Y-%m-%d %H:%M") if message.sent_date else ""
    return write_head([("From", message.sender or ""), ("To", to), ("Date", date)])


def _address(recipient: Any) -> str:
    name, address = recipient.name or "", recipient.email_address or ""
    return f"{name} <{address}>" if name and address and name != address else name or address
