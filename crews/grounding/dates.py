"""Dates and quarters as they are written in many ways, and whether one speaks of the day of another."""

import re
from dataclasses import dataclass, replace

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january januar jan",
            "february februar feb",
            "march märz maerz mar",
            "april apr",
            "may mai",
            "june juni jun",
            "july juli jul",
            "august aug",
            "september sept sep",
            "october oktober oct okt",
            "november nov",
            "december dezember dec dez",
        ),
        start=1,
    )
    for name in names.split()
}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DAY = r"(?P<day{0}>\d{{1,2}})(?:st|nd|rd|th|\.)?"
# None of them goes on in the next line: in a table that is another row.
_FORMS = (
    r"(?<![\d.-])(?P<year0>\d{4})[-/](?P<month0>\d{2})[-/](?P<day0>\d{2})(?![\d-])",
    r"(?<![\d.])(?P<day1>\d{1,2})\.(?P<month1>\d{1,2})\.(?P<year1>\d{4}|\d{2})(?![\d.]*\d)",
    r"(?<![\d/])(?P<one2>\d{1,2})/(?P<other2>\d{1,2})/(?P<year2>\d{4}|\d{2})(?![\d/])",
    rf"\b{_DAY.format(3)}(?:[^\S\n]+of)?[^\S\n]+(?P<name3>{_MONTH})\b\.?(?:,?[^\S\n]+(?P<year3>\d{{4}})\b)?",
    rf"\b(?P<name4>{_MONTH})\.?[^\S\n]+(?P<day4>\d{{1,2}})(?:st|nd|rd|th)?\b(?![:%]|\.\d|\s*(?:%|percent\b))(?:,?[^\S\n]+(?P<year4>\d{{4}})\b)?",
    rf"\b(?P<name5>{_MONTH})\.?,?[^\S\n]+(?P<year5>\d{{4}})\b",
    r"(?<![\d.-])(?P<year6>\d{4})-(?P<month6>0[1-9]|1[0-2])(?![\d-])",
    r"\bQ(?P<quarter7>[1-4])(?:[\s/]*(?P<year7>\d{4}))?\b",
    r"\b(?P<year8>\d{4})[\s-]?Q(?P<quarter8>[1-4])\b",
    r"\b(?P<word9>first|second|third|fourth|1st|2nd|3rd|4th) quarter(?:(?: of)? (?P<year9>\d{4})\b)?",
)
_DATE = re.compile("|".join(_FORMS), re.IGNORECASE)
_QUARTERS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "1st": 1, "2nd": 2, "3rd": 3, "4th": 4}


@dataclass(frozen=True, slots=True)
class Day:
    """What a date says; None for a part it leaves open. A quarter has no month."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    quarter: int | None = None

    def is_told_by(self, known: "Day") -> bool:
        """Whether everything this says, the other says too; a month tells its quarter."""
        quarter = known.quarter or (None if known.month is None else (known.month + 2) // 3)
        return (
            self.year in (None, known.year)
            and self.month in (None, known.month)
            and self.day in (None, known.day)
            and self.quarter in (None, quarter)
        )


@dataclass(frozen=True, slots=True)
class DateFound:
    """`readings` has two where day and month may be meant either way round."""

    text: str
    readings: tuple[Day, ...]


def take_dates(text: str) -> tuple[list[DateFound], str]:
    """The dates of a text, and the text with spaces in their place."""
    found: list[DateFound] = []

    def take(match: re.Match[str]) -> str:
        readings = _readings({key: value for key, value in match.groupdict().items() if value})
        if not readings:
            return match[0]
        found.append(DateFound(match[0].strip(), readings))
        return " " * len(match[0])

    return found, _DATE.sub(take, text)


def untold(claimed: DateFound, known: list[Day], numbers: frozenset[int]) -> bool:
    """Whether nothing known says this date. A year may stand apart from it, among the numbers."""
    for day in claimed.readings:
        if any(day.is_told_by(other) for other in known):
            return False
        if day.year in numbers and any(replace(day, year=None).is_told_by(other) for other in known):
            return False
    return True


def _readings(groups: dict[str, str]) -> tuple[Day, ...]:
    parts = {key.rstrip("0123456789"): value for key, value in groups.items()}
    year = _year(parts.get("year"))
    if "word" in parts or "quarter" in parts:
        quarter = _QUARTERS[parts["word"].lower()] if "word" in parts else int(parts["quarter"])
        return (Day(year=year, quarter=quarter),)
    if "one" in parts:
        one, other = int(parts["one"]), int(parts["other"])
        pairs = dict.fromkeys(((one, other), (other, one)))
        return tuple(Day(year, month, day) for day, month in pairs if month <= 12 and day <= 31)
    month = _MONTHS[parts["name"].lower()] if "name" in parts else int(parts["month"])
    day = int(parts["day"]) if "day" in parts else None
    return (Day(year, month, day),) if month <= 12 and (day is None or 1 <= day <= 31) else ()


def _year(written: str | None) -> int | None:
    if written is None:
        return None
    return int(written) + 2000 if len(written) == 2 else int(written)
