"""What a person is told of a call they are to decide about: which tool, what it does, and with which exact
arguments.

The arguments come from a model that has read what others wrote. So every character of them is there to see,
and none of it loads, links or notifies anything where it is shown.
"""

import json
import re
from typing import Any

from ledger.masking import mask_text
from ledger.outgoing import LINK, inert, without_unseen

_LONGEST_DESCRIPTION = 400
# What some program would take for a tag, a mention, a picture, a link, code or bold.
_MARKUP = re.compile(
    r"[<>`]|(?<=\])\(|(?<=\*)\*|@(?=(?:channel|here|everyone|everybody|group)\b)", re.IGNORECASE
)


def question_about(tool: str) -> str:
    return f"May {tool} be carried out, with exactly the arguments below?"


def reason_to_ask(description: str, *, outside: bool, tainted_by: list[str]) -> str:
    """`tainted_by` are labels of evidence."""
    told = mask_text(" ".join(inert(description).split()))
    told = told if len(told) <= _LONGEST_DESCRIPTION else f"{told[: _LONGEST_DESCRIPTION - 1]}…"
    effect = "It hands something to somebody outside." if outside else "It changes something."
    return (
        f"What the tool does: {told} {effect} A model wants this after it has read what others wrote "
        f"({', '.join(tainted_by)}), so it may be what they want. Approve only what you would do yourself."
    )


def arguments_in_words(arguments: dict[str, Any]) -> str:
    """JSON, with characters nobody sees or that some program acts on as escapes, and links that nothing
    follows."""
    told = json.dumps(arguments, ensure_ascii=False, indent=1)
    told = "".join(char if char == "\n" or without_unseen(char) else _escaped(char) for char in told)
    told = _MARKUP.sub(lambda match: _escaped(match[0]), told)
    told = LINK.sub(lambda match: re.sub(r"[.:@]", r"[\g<0>]", match[0]), told)
    return inert(mask_text(told))


def _escaped(char: str) -> str:
    return json.dumps(char)[1:-1] if ord(char) > 0x7F else f"\\u{ord(char):04x}"
