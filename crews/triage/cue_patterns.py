"""The patterns behind the cues: what people write when something presses, affects many, or does not.

In English. Each is a way of saying one thing; what is done about a denial before it is the reader's business.
"""

import re

NUMBERS = {
    word: value
    for value, word in enumerate(
        ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"), 1
    )
} | {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "hundred": 100, "dozen": 12, "dozens": 24}
MANY = {"several": 3, "some": 2, "a few": 3, "many": 10, "multiple": 3, "hundreds": 200, "couple": 2}
COUNTS = NUMBERS | MANY
WHO = r"people|persons|colleagues|users|employees|staff|of us|customers|agents|associates|drivers|coworkers"
PEOPLE = re.compile(
    rf"\b(?P<count>\d{{1,5}}|{'|'.join(sorted(COUNTS, key=len, reverse=True))})"
    rf"(?:\s+of)?(?:\s+(?!of\b)[\w-]+)?\s+(?:{WHO})\b",
    re.IGNORECASE,
)
DAYTIME = r"morning|afternoon|evening"
CLOCK = (
    r"(?:\d{1,2}[:.]\d{2}|\d{1,2}\s?(?:am|pm|a\.m\.|p\.m\.)|\d{1,2}\s?o['’]?clock|noon|midday|lunch(?:time)?)"
)
SOME = r"(?:an?|one|two|three|four|\d{1,2}|half an|a couple of|a few|the next)"
WEEKDAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
# A deadline, where the sentence needs something by then.
TODAY = re.compile(
    rf"\b(?:this\s+(?:{DAYTIME})|today|tonight|end of (?:the )?(?:business )?day|eod|cob"
    rf"|(?:in|within)\s+{SOME}\s+(?:minutes?|hours?)|(?:by|before|until|at)\s+{CLOCK})\b",
    re.IGNORECASE,
)
SOON = re.compile(
    rf"\b(?:tomorrow|this week|end of (?:the )?week|(?:by|before|until|on|for|this)\s+{WEEKDAY})\b",
    re.IGNORECASE,
)
LATER = re.compile(
    r"\b(?:next (?:month|quarter|year)|end of (?:the )?(?:month|quarter|year)|(?:some|any)time|whenever)\b",
    re.IGNORECASE,
)
NEEDS = re.compile(
    r"\b(?:need(?:s|ed)?|must|have to|has to|due|deadline|by|before|until|requires?|meeting|presentation|"
    r"presenting|audit|interview|launch|opens?|starts?|leav(?:e|ing)|want(?:s|ed)?|please)\b",
    re.IGNORECASE,
)
# What a time belongs to that is over, or not yet anybody's trouble.
PAST = re.compile(
    r"\b(?:since|from|as of|ago|started|began|stopped|happened|worked|was|were)\s*$", re.IGNORECASE
)


def _pattern(*phrases: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(phrases)})(?!\w)", re.IGNORECASE)


TROUBLE = _pattern(
    r"can(?:not|['’]?t| not)",
    r"could(?: not|n['’]?t)",
    "(?:nobody|no one|none of us) can",
    "unable",
    "down",
    "fail(?:s|ed|ing|ure)?",
    "errors?",
    "broken",
    "stopped",
    "locked",
    "affected",
    r"(?:not|\w+n['’]t|no longer) \w+",
    "outage",
    "offline",
    "trouble",
    "problem",
    "issue",
    "crash(?:es|ed|ing)?",
    "lost",
    "report(?:s|ed|ing)?",
)
# Of these the denial is part, or makes no difference.
ALL = _pattern(
    r"(?<!not )every(?:one|body) (?:else )?(?:in|at|on|here|is|has|gets|cannot|can['’]?t|sees|loses)",
    "for every(?:one|body)(?! (?:to|who))",
    r"(?:nobody|no one|none of us) (?:can|is able|has access)",
    r"(?:the )?(?:whole|entire) (?:company|store|shop|office|building|site|department|region|business)",
    r"(?:company|site|store|office)-?wide",
    "all (?:of us|staff|users|stores|tills|customers|employees|colleagues|departments|offices)",
)
SOME_PEOPLE = _pattern(
    r"(?:the |our |my )?(?:whole|entire) (?:team|shift|floor)",
    r"(?:my|our) (?:team|shift|colleagues?) (?:cannot|can['’]?t|is|are|has|have|gets?|too|as well|also)",
    r"not (?:just|only) (?:me|mine)",
    "others? (?:have|has|too)",
)
ONE = _pattern(r"(?:only|just) (?:me|mine|my own)", "(?:nobody|no one) else")
STUCK = _pattern(
    r"can(?:not|['’]?t| not) (?:(?:do|get) (?:my |any )?)?work(?: at all)?(?! (?:out|with|from|together))",
    "unable to work",
    "cannot do anything",
    "nothing works",
    "completely stuck",
)
OUTAGE = _pattern(
    r"(?:is|are|was|went|gone|goes|been|still|completely|totally)\s+down(?!\s+(?:by|\d|to|at|from|the|here))",
    "outage",
    "offline",
    "crashed",
    "unreachable",
    "not reachable",
    "stopped working",
    "(?:data|security) (?:breach|leak|loss)",
    "ransomware",
    "phishing",
    "hacked",
    "stolen",
)
PRESSING = _pattern(
    r"urgent(?:ly)?",
    "immediately",
    "right (?:now|away)",
    "at once",
    "as soon as possible",
    "asap",
    "emergency",
    "critical",
)
OVERDUE = _pattern("overdue", r"(?:was|were) (?:supposed|meant|due) to", "should have been")
CALM = _pattern(
    r"(?:not|\w+n['’]?t|nothing|no|hardly|less|never) (?:that |very |so |really |too |at all |an? )*"
    r"(?:urgent|urgency|emergency|critical|pressing)",
    r"no (?:rush|hurry|need to hurry)",
    "not in a hurry",
    "(?:when|whenever|if) you (?:have|get|find) (?:some |the )?(?:time|a (?:moment|minute|chance))",
    "take your time",
    "low priority",
    r"can wait",
    "at your (?:convenience|leisure)",
)
WISH = _pattern(
    r"how (?:do|can|does|long|much|many|should|would)",
    r"what (?:is|are) the",
    "where (?:do|can|is)",
    r"(?:would|['’]d) like",
    "it would be (?:nice|good|great)",
    "(?:is it|would it be) possible",
    "i (?:was )?wonder(?:ing|ed)?",
    "just (?:a question|curious|asking)",
    "suggestion",
    "am i (?:allowed|entitled)",
)
