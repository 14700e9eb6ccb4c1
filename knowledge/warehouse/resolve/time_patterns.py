"""How people write a stretch of time: the patterns of days, weeks, months, quarters and years, and what the
words in them count.

Which days they are is not told here.
"""

import re

_NAMES = "january february march april may june july august september october november december"
MONTH_NUMBERS = {name: number for number, name in enumerate(_NAMES.split(), start=1)}
MONTH_NUMBERS |= {name[:3]: number for name, number in list(MONTH_NUMBERS.items())} | {"sept": 9}
_MONTH = "(?:" + "|".join(sorted(MONTH_NUMBERS, key=len, reverse=True)) + r")\b\.?"
ORDINALS = {
    "first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4,
    "last": -1, "final": -1,
}  # fmt: skip
_COUNT_WORDS = "one two three four five six seven eight nine ten eleven twelve"
COUNTS = {name: count for count, name in enumerate(_COUNT_WORDS.split(), start=1)} | {
    "couple of": 2,
    "few": 3,
}
_YEAR = r"(?:19|20)\d\d"
_OF_YEAR = (
    rf"(?:[\s,]*(?:of\s+|in\s+)?(?:the\s+)?(?:(?:calendar\s+)?year\s+)?(?P<year>{_YEAR})\b"
    r"|[\s,]*(?:of\s+|in\s+)?(?P<near_year>last|this)\s+year\b(?!['\u2019]|\s+to\s+date))?"
)
_FISCAL = r"(?:fiscal|financial|business)"
_UNIT = r"(?P<unit>days?|weeks?|months?|quarters?|half[- ]years?|halves|half|years?)"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_AMOUNT = (
    r"(?<![\w.])(?<!than\s)(?<!over\s)(?<!least\s)(?<!most\s)(?<!above\s)(?<!below\s)(?<!under\s)"
    r"(?<!top\s)(?<![<>=]\s)(?<![<>=#$€£])"
)

_PATTERNS: tuple[tuple[str, str], ...] = (
    ("iso", rf"(?P<year>{_YEAR})-(?P<month>\d\d)-(?P<day>\d\d)"),
    ("iso_month", rf"(?P<year>{_YEAR})-(?P<month>0[1-9]|1[0-2])(?![-\d])"),
    ("day", rf"(?:the\s+)?{_DAY}\s+(?:of\s+)?(?P<name>{_MONTH}){_OF_YEAR}"),
    ("day", rf"(?P<name>{_MONTH})\s+{_DAY}(?!\d){_OF_YEAR}"),
    ("fiscal_quarter", rf"(?:{_FISCAL}\s+|f)q(?:uarter\s+)?(?P<number>[1-4])(?:\s+(?:of\s+)?"
        rf"(?:fy\s*|{_FISCAL}\s+year\s+)?(?P<year>{_YEAR}))?"),
    ("fiscal_quarter", rf"q(?P<number>[1-4])\s+(?:of\s+)?(?:fy\s*|{_FISCAL}\s+year\s+)(?P<year>{_YEAR})"),
    ("quarter", rf"(?:q|quarter\s+)(?P<number>[1-4])\b[/\s,'-]*{_OF_YEAR}"),
    ("quarter", rf"(?P<year>{_YEAR})[\s/-]*q(?P<number>[1-4])"),
    ("half", rf"h(?P<number>[12])\b{_OF_YEAR}"),
    ("half", rf"(?P<year>{_YEAR})[\s/-]*h(?P<number>[12])"),
    ("nth", rf"(?:the\s+)?(?P<nth>first|1st|second|2nd|third|3rd|fourth|4th|last|final)\s+"
        rf"(?P<part>quarter|half|month)\s+(?:of|in)\s+(?:the\s+)?(?:year\s+)?(?P<year>{_YEAR})"),
    ("nth", r"(?:the\s+)?(?P<nth>first|1st|second|2nd|third|3rd|fourth|4th)\s+(?P<part>quarter"
        r"|half)(?:\s+of\s+the\s+year)?(?!\s+(?:of|in)\b)"),
    ("fiscal_year", rf"(?:fy|{_FISCAL}\s+year)\s*'?(?P<year>{_YEAR})(?:/\d\d)?"),
    ("fiscal_year", r"fy\s?'?(?P<two_digits>\d\d)"),
    ("week", rf"(?:calendar\s+week|week|cw|kw|w)\s*(?P<number>[1-5]?\d)\b(?:\s*/\s*|\s+(?:of\s+"
        rf"|in\s+)?)?(?P<year>{_YEAR})?"),
    ("to_date", rf"(?:(?:the\s+)?(?P<before>last|previous|prior)\s+)?(?:(?P<fiscal>{_FISCAL})\s+)?"
        rf"(?:(?P<unit>week|month|quarter|year)[- ]to[- ]date|(?P<short>[wmqy]td))"),
    ("so_far", rf"(?:so far this|this)\s+(?:(?P<fiscal>{_FISCAL})\s+)?(?P<unit>week|month|quarter"
        rf"|year)\s+(?:so far|to date|until now)|so far this\s+(?P<other>week|month|quarter|year)"),
    ("several", rf"(?:the\s+)?(?:last|past|previous|prior|trailing|rolling|most recent)\s+"
        rf"(?P<count>\d+|{'|'.join(COUNTS)})\s+(?:full\s+|complete\s+|calendar\s+)?(?:"
        rf"(?P<fiscal>{_FISCAL})\s+)?{_UNIT}"),
    ("near", rf"(?:the\s+)?(?P<which>this|current|last|past|previous|prior|preceding|next"
        rf"|coming)\s+(?:full\s+|complete\s+|calendar\s+)?(?:(?P<fiscal>{_FISCAL})\s+)?{_UNIT}"),
    ("near_month", rf"(?P<which>last|this|next)\s+(?P<name>{_MONTH})(?!\s*(?:\d|of))"),
    ("ago", rf"(?P<count>\d+|an?|{'|'.join(COUNTS)})\s+(?P<unit>days?|weeks?|months?|quarters?"
        rf"|years?)\s+ago"),
    ("relative", r"(?:the\s+)?day before yesterday|today|yesterday|tomorrow"),
    ("month", rf"(?P<name>{_MONTH})[\s,'-]*{_OF_YEAR}"),
    ("year", rf"(?:(?:calendar\s+)?year\s+)?{_AMOUNT}(?P<year>{_YEAR})(?![\w%])(?!\.\d)(?!-(?!{_YEAR}))"),
)  # fmt: skip
PATTERNS = tuple(
    (kind, re.compile(rf"(?<![\w.]){pattern}(?!\w)", re.IGNORECASE)) for kind, pattern in _PATTERNS
)
# "may" is a month only where something says so.
MAY_LEAD = re.compile(
    r"\b(?:in|since|during|for|of|from|by|until|till|vs\.?|versus|against|and|to|between|last|this"
    r"|next|with|or|than|before|after|-)\s*$",
    re.IGNORECASE,
)

MAY_FOLLOW = re.compile(rf"\s*(?:,|and|to|or|-|–|vs\.?|versus|until|through)\s*{_MONTH}", re.IGNORECASE)
