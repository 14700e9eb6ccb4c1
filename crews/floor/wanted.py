"""What a question asks for, where its words say so plainly: an amount, money, a time, a number to call.

A page on the matter that says no such thing does not answer, however near it is.
"""

import re
from collections.abc import Callable

_TIMES = ("minute", "hour", "day", "week", "month", "year")
# Where a question begins. "Can I find out how far it is?" may be answered by any way to find out.
_ASKS = r"(?:^|[.?!;:,]\s*|\b(?:and|but|or|so)\s+)(?:(?:for|at|by|from|until|up to|within)\s+)?"
_WHAT_IS_THE = _ASKS + r"(?:what|which) (?:is|are|was|were) the (?:\w+ ){0,2}"

_NUMBER_TO_CALL = re.compile(
    rf"{_ASKS}whom? (?:do|can|could|should|must|may|to)\b[^.?!]{{0,20}}\b(?:call|ring|phone|dial)\b"
    rf"|{_ASKS}(?:what|which) (?:phone )?(?:extension|number)\b|{_WHAT_IS_THE}(?:extension|phone number)\b",
    re.IGNORECASE,
)
_SPAN = re.compile(rf"{_ASKS}how many (?:\w+ ){{0,2}}({'|'.join(_TIMES)})s?\b", re.IGNORECASE)
_MONEY = re.compile(
    rf"{_ASKS}how much (?:does|do|did|will|would|may|can)\b.*\b(?:cost|pay|paid|spend|charge|earn)\b"
    rf"|{_ASKS}what (?:does|do|did|will|would)\b.*\bcost\b|{_WHAT_IS_THE}(?:price|fee|cost|deposit)\b",
    re.IGNORECASE,
)
_AMOUNT = re.compile(
    rf"{_ASKS}how (?:many|much|long|often|far|fast|quickly|soon|old|big|large|high|late|early)\b"
    r"|\b(?:up to|from|until|by|at) what (?:amount|age|time|date|price|size|share)\b"
    rf"|{_WHAT_IS_THE}(?:limit|amount|rate|percentage|share|maximum|minimum|deadline)\b",
    re.IGNORECASE,
)

_NUMBER_WORD = (
    r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|hundred|thousand"
    r"|half|once|twice|daily|weekly|monthly|yearly|every|each|never|always|immediately|at once|free|unlimited"
    r"|no limit|all|none|today|tomorrow|overnight)\b"
)
_SAYS_AMOUNT = re.compile(rf"\d|{_NUMBER_WORD}", re.IGNORECASE)
_SAYS_MONEY = re.compile(
    r"\d[^.\n]*(?:EUR|USD|GBP|CHF|percent|cents?)\b|(?:EUR|USD|GBP|CHF) ?\d|[€$£%]|\bfree\b"
    r"|\bno (?:charge|cost|fee)\b|\bcosts? nothing\b",
    re.IGNORECASE,
)
_SAYS_NUMBER_TO_CALL = re.compile(r"\b\d{3,}\b|\[PHONE_\d+\]")

Says = Callable[[str], bool]


def wanted_in(question: str) -> Says | None:
    """Tells whether a sentence says such a thing; None where any sentence may answer."""
    span = _SPAN.search(question)
    if _NUMBER_TO_CALL.search(question):
        says = _SAYS_NUMBER_TO_CALL
    elif span is not None:
        says = _says_time(span[1].lower())
    elif _MONEY.search(question):
        says = _SAYS_MONEY
    elif _AMOUNT.search(question):
        says = _SAYS_AMOUNT
    else:
        return None
    return lambda sentence: says.search(sentence) is not None


def _says_time(unit: str) -> re.Pattern[str]:
    """In that unit or one next to it: days may be told in weeks, but hours not in years."""
    at = _TIMES.index(unit)
    units = "|".join(_TIMES[max(0, at - 1) : at + 2])
    return re.compile(rf"(?:\d|{_NUMBER_WORD})[^.\n]*\b(?:{units})s?\b", re.IGNORECASE)
