"""Slack's markup, inbound: the question as its writer sees it, without the mention of ourselves."""

import re

_REFERENCE = re.compile(r"<([^<>]*)>")


def question_in(text: str, bot_user_id: str) -> str:
    """What was asked, or an empty text where only we were mentioned."""
    own = re.compile(rf"[ \t]*<@{re.escape(bot_user_id)}(?:\|[^<>]*)?>[:,]?[ \t]*")
    return unescape(_REFERENCE.sub(_plain, own.sub(" ", text))).strip()


def unescape(text: str) -> str:
    # The ampersand comes last, or "&amp;lt;", which is how Slack sends a typed "&lt;", would become "<".
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _plain(reference: re.Match[str]) -> str:
    target, _, label = reference[1].partition("|")
    match target[:1]:
        case "@":
            return f"@{label or target[1:]}"
        case "#":
            return f"#{label or target[1:]}"
        case "!":
            return label or f"@{target[1:].partition('^')[0]}"
    return _link(target, label)


def _link(target: str, label: str) -> str:
    address = target.removeprefix("mailto:")
    # Slack makes a link of every bare address; naming it twice would only add noise to the question.
    if not label or address.removeprefix("https://").removeprefix("http://").rstrip("/") == label.rstrip("/"):
        return label or address
    return label if label == address else f"{label} ({address})"
