"""What a mail and its parts say, whatever is wrong with it: a malformed field costs itself only."""

import email.utils
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import EmailPolicy
from typing import Any

from knowledge.loading.blocks import clean_text, one_line
from knowledge.loading.encoding import decode_text

_SHOWN_FIELDS = ("From", "To", "Cc")


class _TolerantPolicy(EmailPolicy):
    """The standard policy, but for fields its parser stumbles over: they are given as they are written."""

    def header_fetch_parse(self, name: str, value: str) -> Any:
        try:
            return super().header_fetch_parse(name, value)
        except Exception:  # noqa: BLE001 - `From: <` raises an IndexError, other fields other errors
            return "".join(value.splitlines())


def parse_mail(content: bytes) -> EmailMessage:
    message = BytesParser(policy=_TolerantPolicy()).parsebytes(content.lstrip())
    assert isinstance(message, EmailMessage)
    return message


def write_head(fields: list[tuple[str, str]]) -> str:
    return "\n".join(f"{name}: {one_line(value)}" for name, value in fields if value.strip())


def read_head(message: EmailMessage) -> str:
    fields = [(name, read_header(message, name)) for name in _SHOWN_FIELDS]
    return write_head([*fields, ("Date", _date(message))])


def _date(message: EmailMessage) -> str:
    """To the minute, as its writer's clock showed it; a date nobody can read stays as it is written."""
    written = read_header(message, "Date")
    try:
        return email.utils.parsedate_to_datetime(written).strftime("%Y-%m-%d %H:%M")
    except (ValueError, TypeError, IndexError, OverflowError):
        return written


def read_header(message: EmailMessage, name: str) -> str:
    return clean_text(str(message.get(name, "")))


def child_parts(part: EmailMessage) -> list[EmailMessage]:
    payload = part.get_payload()
    return (
        [child for child in payload if isinstance(child, EmailMessage)] if isinstance(payload, list) else []
    )


def read_text(part: EmailMessage) -> str:
    try:
        return str(part.get_content())
    except (LookupError, ValueError, KeyError, TypeError):
        # An unknown or wrong charset.
        return decode_text(read_payload(part)) if read_payload(part).strip() else ""


def read_payload(part: EmailMessage) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def is_attached(part: EmailMessage) -> bool:
    """Pictures within the text have a name too, but an id to be shown by."""
    if part.get_content_disposition() == "attachment":
        return True
    is_text = part.get_content_type() in {"text/plain", "text/html"}
    is_picture_in_text = part.get("Content-ID") and part.get_content_maintype() == "image"
    return bool(part.get_filename()) and not is_text and not is_picture_in_text


def is_signed(part: EmailMessage) -> bool:
    return part.get_param("smime-type") == "signed-data"


def file_name(part: EmailMessage) -> str:
    return one_line(part.get_filename() or "") or f"without a name ({part.get_content_type()})"
