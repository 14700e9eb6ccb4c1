"""What a look at one part found, and the three ways to say it."""

from cli.shapes import Checked
from ledger.masking import mask_text


def ok(part: str, found: str) -> Checked:
    return Checked(part=part, status="ok", found=_line(found))


def warn(part: str, found: str, remedy: str) -> Checked:
    """Crewdesk works without it, or nobody can tell right now."""
    return Checked(part=part, status="warn", found=_line(found), remedy=remedy)


def broken(part: str, found: str, remedy: str) -> Checked:
    return Checked(part=part, status="broken", found=_line(found), remedy=remedy)


def _line(text: str) -> str:
    return mask_text(" ".join(text.split()))
