"""What stands around a number and tells what kind of number it is."""

import re
from datetime import date

NEAR_BEFORE = 60
NEAR_AFTER = 16

_YEAR = r"(?:19|20)\d\d"
_DATE = re.compile(
    rf"{_YEAR}[-/. ](?P<a>\d\d?)[-/. ](?P<b>\d\d?)(?!\d)"
    rf"|(?P<c>\d\d?)[-/. –](?P<d>\d\d?)[-/. ]{_YEAR}(?!\d)"
    r"|(?P<e>\d\d?)(?P<mark>[-/.])(?P<f>\d\d?)(?P=mark)\d\d(?!\d|(?P=mark)\d)"
)
_YEARS = re.compile(rf"{_YEAR} ?[-/– ] ?{_YEAR}(?!\d)")
_UNIT = (
    r"%|€|\$|£|EUR\b|USD\b|CHF\b|GBP\b|SEK\b|PLN\b|NOK\b|DKK\b|euros?\b|dollars?\b|pounds?\b|francs?\b|kg\b"
    r"|km\b|[KMGT]B\b|litres?\b|tonnes?\b|million\b|bn\b|units?\b|pieces?\b|pairs?\b|items?\b|people\b"
    r"|employees\b|customers?\b|visitors?\b|orders?\b|calls\b|hours?\b|shares\b"
)
_UNIT_AFTER = re.compile(rf"[ \u00a0]?(?:{_UNIT})", re.IGNORECASE)
_MONEY_BEFORE = re.compile(r"(?:€|\$|£|EUR|USD|CHF|GBP|SEK|PLN|NOK|DKK)[ \u00a0]?$", re.IGNORECASE)
_THOUSANDS = re.compile(r"[1-9]\d{0,2}([ \u00a0.])\d{3}(?:\1\d{3})*")
_NAMED_BEFORE = re.compile(
    r"\b(?:order|ticket|invoice|ref|reference|case|sku|item|part|serial|article|asset|batch|isbn|ean|version|v"
    r"|section|paragraph|chapter|clause)"
    r"s?\.?(?: (?:no|nr|number|id))?[.:#]* ?$",
    re.IGNORECASE,
)


def is_near(
    cue: re.Pattern[str],
    text: str,
    start: int,
    end: int,
    *,
    before: int = NEAR_BEFORE,
    after: int = NEAR_AFTER,
) -> bool:
    """Whether `cue` stands at most so many characters before or after text[start:end]."""
    return (
        cue.search(text, max(0, start - before), start) is not None
        or cue.search(text, end, end + after) is not None
    )


def starts_as_date(number: str) -> bool:
    """Whether it is, or begins with, a date or a span of years."""
    if _YEARS.match(number):
        return True
    found = _DATE.match(number)
    if found is None:
        return False
    first, second = (int(part) for name, part in found.groupdict().items() if part and name != "mark")
    return _fits_calendar(first, second) or _fits_calendar(second, first)


def is_amount(text: str, start: int, end: int) -> bool:
    """Whether it is counted or paid in: `$ 1 250 000`, `4 500 000 EUR`."""
    if _MONEY_BEFORE.search(text[max(0, start - 5) : start]):
        return True
    return _UNIT_AFTER.match(text, end) is not None


def looks_like_thousands(number: str) -> bool:
    return _THOUSANDS.fullmatch(number) is not None


def is_named_otherwise(text: str, start: int) -> bool:
    """Whether the words right before say that it numbers something else: an order, a ticket, a version."""
    return _NAMED_BEFORE.search(text[max(0, start - 24) : start]) is not None


def _fits_calendar(month: int, day: int) -> bool:
    try:
        date(2024, month, day)
    except ValueError:
        return False
    return True
