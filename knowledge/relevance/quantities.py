"""The quantities, dates and denials a sentence states, in a form in which two sentences can be compared."""

import re
from dataclasses import dataclass
from functools import lru_cache

_TEXTS_REMEMBERED = 8_192
_MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_MONTH = "|".join(_MONTHS)
_DATE = re.compile(
    rf"\b(?P<iso>\d{{4}}-\d{{2}}-\d{{2}})\b"
    rf"|\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<month>{_MONTH})\b(?:,? (?P<year>\d{{4}})\b)?"
    rf"|\b(?P<month2>{_MONTH}) (?P<day2>\d{{1,2}})(?:st|nd|rd|th)?\b(?!:)(?:,? (?P<year2>\d{{4}})\b)?",
    re.IGNORECASE,
)
_TIME = re.compile(r"\b(\d{1,2})[:.](\d{2})\b(?!\d)(?:\s*(?P<half>[ap])\.?m\b\.?)?", re.IGNORECASE)
_CURRENCIES = {
    "€": "EUR",
    "eur": "EUR",
    "euro": "EUR",
    "euros": "EUR",
    "$": "USD",
    "usd": "USD",
    "dollars": "USD",
    "£": "GBP",
    "gbp": "GBP",
    "chf": "CHF",
}
# Those that measure the same come down to one unit, so that 60 minutes are no other than 1 hour.
_UNITS = {
    **dict.fromkeys(("second", "seconds"), ("time", 1)),
    **dict.fromkeys(("minute", "minutes", "min"), ("time", 60)),
    **dict.fromkeys(("hour", "hours"), ("time", 3600)),
    **dict.fromkeys(("day", "days"), ("time", 86_400)),
    **dict.fromkeys(("week", "weeks"), ("time", 604_800)),
    **dict.fromkeys(("month", "months"), ("months", 1)),
    **dict.fromkeys(("year", "years"), ("months", 12)),
    **dict.fromkeys(("%", "percent"), ("percent", 1)),
    **dict.fromkeys(("kg", "kilograms"), ("grams", 1000)),
    **dict.fromkeys(("km", "kilometres", "kilometers"), ("metres", 1000)),
    **dict.fromkeys(("m", "metre", "metres", "meters"), ("metres", 1)),
    "km/h": ("km/h", 1),
    **dict.fromkeys(("mb",), ("bytes", 10**6)),
    **dict.fromkeys(("gb",), ("bytes", 10**9)),
}
_PREFIX = "|".join(re.escape(name) for name in sorted(_CURRENCIES, key=len, reverse=True))
_AMOUNT = re.compile(
    rf"(?:(?P<before>{_PREFIX})\s?)?(?<![\w.,:/-])(?P<number>\d+(?:,\d{{3}})*(?:\.\d+)?)(?![\w:/]|-\w|\.\d)"
    rf"(?:\s?(?P<scale>million|billion)\b)?(?:[\s-]?(?P<kind>working|calendar)\b)?(?:[\s-]?(?P<unit>%|[^\W\d_]+(?:/h)?|[€$£]))?",
    re.IGNORECASE,
)
_SCALES = {"million": 10**6, "billion": 10**9}
_DENIAL = re.compile(r"\b(?:not|no|never|cannot|neither|nor|nobody|none|without)\b|n['’]t\b", re.IGNORECASE)
# Words that deny what another word says.
_OPPOSITES = {
    "forbidden": "allowed",
    "prohibited": "allowed",
    "banned": "allowed",
    "optional": "compulsory",
    "voluntary": "compulsory",
    "impossible": "possible",
    "invalid": "valid",
    "unpaid": "paid",
}
_SAME = {
    "permitted": "allowed",
    "mandatory": "compulsory",
    "required": "compulsory",
    "obligatory": "compulsory",
}
# "priority 1" is a name and no quantity, and so is RC-217.
_LABEL = re.compile(
    r"\b(priority|step|level|grade|tier|class|phase|stage|category|type|chapter|section|article|appendix|room|floor|"
    r"gate|bay|platform|zone|line|version|shift|group|band|option|form|store) (\d[\d.]*\d|\d)\b",
    re.IGNORECASE,
)
_COUNTED = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_COUNTED_TIME = re.compile(
    rf"\b({'|'.join(_COUNTED)})"
    r"(?=[ -](?:working |calendar )?(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?)\b)",
    re.IGNORECASE,
)
# Search takes most of these for stop words; here they say what a quantity bounds.
_BOUNDS = {
    **dict.fromkeys(("least", "minimum", "from"), "least"),
    **dict.fromkeys(("most", "maximum", "up", "max"), "most"),
    **dict.fromkeys(("more", "over", "above", "exceeding", "longer"), "more"),
    **dict.fromkeys(("less", "under", "below", "fewer"), "less"),
    **dict.fromkeys(("until", "till", "by"), "until"),
    **{
        word: word
        for word in (
            "before",
            "after",
            "between",
            "during",
            "since",
            "other",
            "same",
            "own",
            "few",
            "if",
            "unless",
            "except",
            "only",
            "both",
            "out",
            "off",
            "again",
            "further",
        )
    },
}
_WORD = re.compile(r"[^\W\d_]+-\d[\w.]*|[^\W_]*\d[^\W_]*[^\W\d_][^\W_]*|[^\W\d_]+\d[^\W_]*|[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Stated:
    """`quantities` are (what is measured, how much), `dates` ISO-like, `bounds` the small words that turn a
    sentence, `rest` the sentence without all of these, with words that mean the same said alike."""

    quantities: tuple[tuple[str, str], ...]
    dates: tuple[str, ...]
    denies: bool
    bounds: frozenset[str]
    rest: str


@lru_cache(_TEXTS_REMEMBERED)
def read_statement(sentence: str) -> Stated:
    dates: list[str] = []
    quantities: list[tuple[str, str]] = []

    def take_date(match: re.Match[str]) -> str:
        dates.append(_date(match))
        return " "

    def take_time(match: re.Match[str]) -> str:
        hour = int(match[1]) % 12 + 12 if (match["half"] or "").lower() == "p" else int(match[1])
        quantities.append(("clock", f"{hour}:{match[2]}"))
        return " "

    def take_amount(match: re.Match[str]) -> str:
        measure, amount, left_over = _amount(match)
        quantities.append((measure, amount))
        return f" {left_over} "

    sentence = _COUNTED_TIME.sub(lambda match: str(_COUNTED.index(match[1].lower()) + 1), sentence)
    sentence = _LABEL.sub(r"\1-\2", sentence)
    rest = _AMOUNT.sub(take_amount, _TIME.sub(take_time, _DATE.sub(take_date, sentence)))
    denies = len(_DENIAL.findall(rest)) % 2 == 1
    words, bounds = [], set()
    for word in _WORD.findall(_DENIAL.sub(" ", rest)):
        lower = word.lower()
        if lower in _BOUNDS:
            bounds.add(_BOUNDS[lower])
            continue
        denies ^= lower in _OPPOSITES
        words.append(_OPPOSITES.get(lower) or _SAME.get(lower) or lower)
    return Stated(tuple(quantities), tuple(dates), denies, frozenset(bounds), " ".join(words))


def _date(match: re.Match[str]) -> str:
    if match["iso"]:
        return match["iso"]
    month = _MONTHS.index((match["month"] or match["month2"]).lower()) + 1
    year = match["year"] or match["year2"] or "any"
    return f"{year}-{month:02}-{int(match['day'] or match['day2']):02}"


def _amount(match: re.Match[str]) -> tuple[str, str, str]:
    """What is measured, how much, and the word behind the number if it is no unit."""
    value = float(match["number"].replace(",", "")) * _SCALES.get((match["scale"] or "").lower(), 1)
    unit, kind = (match["unit"] or "").lower(), (match["kind"] or "").lower()
    currency = _CURRENCIES.get((match["before"] or unit).lower())
    if currency is not None:
        return currency, f"{value:g}", "" if not match["before"] else match["unit"] or ""
    if unit in _UNITS:
        measure, factor = _UNITS[unit]
        # A working day is not one of the calendar.
        return (f"working {measure}" if kind == "working" else measure), f"{value * factor:g}", ""
    return "count", f"{value:g}", " ".join((kind, unit))
