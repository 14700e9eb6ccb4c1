"""Tells a request for help from a question: it reports trouble, or asks for something to be done or for a
person, and wants to know nothing besides. In English.
"""

import re

_INFORM = (
    "(?:tell|explain|show|list|describe|say|summari[sz]e|compare|recommend|write"
    "|give me (?:an?|the) (?:list|overview|summary))"
)
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")


def _pattern(*phrases: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(phrases)})(?!\w)", re.IGNORECASE)


_PERSON = _pattern(
    r"(?:speak|talk|chat|put|connect)\w* (?:me )?(?:through )?(?:to|with) (?:an? |some |the )?"
    r"(?:real |actual |live )?(?:human being|human|person|somebody|someone|agent|colleague)",
    r"(?:a|some) (?:real|actual|live) (?:human|person)",
    r"(?:want|need|get me|ask for|asking for) (?:an? )?(?:human|person)",
    r"(?:human|person),? please",
    "escalate (?:this|it|my)",
)
# A sentence that begins like this wants to know something ...
_ASKS = re.compile(
    r"^(?:(?:hi|hello|hey|please|and|but|so|also|ok)\b[,!.]?\s*)*"
    r"(?:how|what|when|where|which|who|whom|whose|why|is|are|do|does|did|may|can i|could i|should|am i|must"
    rf"|{_INFORM})\b",
    re.IGNORECASE,
)
# ... unless it asks that something be done.
_ASKS_TO_DO = re.compile(
    rf"\b(?:(?:can|could|would|will) you(?: please)? (?!{_INFORM}\b)\w+"
    r"|(?:can|could|would|will) (?:somebody|someone|anybody|anyone)(?: please| kindly)?"
    r" (?:help|fix|look|check|unlock|reset|call|come|repair|restart)\b)",
    re.IGNORECASE,
)
_WANTS_DONE = _pattern(
    rf"please (?!{_INFORM}\b)\w+",
    "i (?:need|want|require|request) (?:an?|the|my|access|permission|help|somebody|someone)",
    r"(?:i['’]?d|i would) like (?:an?|access|permission|to have|to get)",
    "asking for (?:permission|access)",
    "(?:help me|need help|fix|repair|unlock|restore|reinstall|replace)",
)
_BROKEN = _pattern(
    r"(?:having|have|had|got) (?:\w+ )?(?:trouble|problems?|issues?|difficult\w+)",
    r"(?:can(?:not|['’]?t| not)|could(?: not|n['’]?t)|unable to|not able to|nobody can|no one can)",
    r"(?:does|do|did|is|are|was|were|has|have|will|wo)(?: not|n['’]?t) \w+",
    r"(?:i|we) (?:\w+ )?(?:lost|left|forgot|spilled|clicked|broke)",
    "(?:down|broken|dead|gone|missing|locked|frozen|stuck|stolen|lost|empty|wrong|cracked|dark|blank|infected"
    "|suspicious|declined|refused|expired|damaged|overdue|cut off)",
    "(?:fails?|failed|failing|crash(?:es|ed|ing)?|stopped|stops|drops|disappeared|broke|flickers|hangs"
    "|freez(?:es|ing)|jams|rejects|rejected|says|never arrives?)",
    "(?:no|not any) (?:connection|signal|internet|network|wi-?fi|sound|picture|power|rows|access|profile)",
    "(?:errors?|outage|blue screen|virus|phishing)",
    r"(?:no longer|still not|keeps?|too slow|very slow|extremely slow)",
    "(?:was|were) (?:supposed|meant|due) to",
    "should have been",
)


# A system that is down for more than whoever says so.
_OUTAGE = _pattern(
    r"(?:is|are|was|went|has gone|have gone|been|be) (?:\w+ )?(?:down|offline)",
    r"outages?",
    r"(?:nobody|no one|none of us)(?: \w+){0,3} can",
    r"for (?:everyone|everybody|all of us|the whole \w+)",
)


# What opens the way to data or rooms, and is no receipt or parcel.
_CARRIED = (
    "(?:laptops?|notebooks?|computers?|macbooks?|(?:smart)?phones?|mobiles?|iphones?|tablets?|ipads?"
    "|handhelds?|scanners?|devices?|badges?|(?:access|key|id|company) cards?|key ?fobs?|keys?(?! figures?)"
    "|usb sticks?|memory sticks?|(?:hard|flash) drives?|authenticators?)"
)
_WHOSE = (
    "(?:(?:my|our|the|an?|his|her|their|work|company|business|office|store|staff|access|security|private|personal"
    "|mobile|new|old|spare|second) )*"
)
_LOSS = _pattern(
    rf"(?:lost|misplaced|mislaid|stole|(?:can(?:not|['’]?t)|could(?: not|n['’]?t)) find) {_WHOSE}{_CARRIED}",
    rf"(?:left|forgot) {_WHOSE}{_CARRIED} (?:on|in|at|behind)",
    rf"{_CARRIED}(?: (?:was|were|is|are|has|have|had|been|got|gone|just|probably|apparently))+ "
    # Keys that are missing letters are there.
    r"(?:stolen|lost|taken|nicked|pinched|missing(?! (?!since|from|after|again|and|today|yesterday|i)\w))",
    rf"(?<!is )(?<!are )(?<!was )(?:stolen|missing|lost) {_WHOSE}{_CARRIED}",
)
_DENIED = re.compile(r"\b(?:not|never|no|nobody|n['’]t)(?: \w+){0,2} $", re.IGNORECASE)


def reports_loss(text: str) -> bool:
    """Whether a device, or what opens doors, is lost or stolen: somebody has to lock it, whatever is written
    about it."""
    return any(not _DENIED.search(text[: found.start()]) for found in _LOSS.finditer(text))


def reports_outage(text: str) -> bool:
    return bool(_OUTAGE.search(text))


def asks_for_person(text: str) -> bool:
    return bool(_PERSON.search(text))


def asks_for_help(text: str) -> bool:
    sentences = [part.strip() for part in _SENTENCE.split(text.strip()) if part.strip()]
    if asks_for_person(text) or any(map(_ASKS_TO_DO.search, sentences)):
        return True
    if any(part.endswith("?") or _ASKS.search(part) for part in sentences):
        return False
    return bool(_BROKEN.search(text) or _WANTS_DONE.search(text)) or reports_loss(text)
