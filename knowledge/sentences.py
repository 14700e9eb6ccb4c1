"""Where one sentence ends and the next begins, by rules that would rather join two than cut one."""

import re

# The break is white space after an end mark (and its closing quote or bracket) before something that can
# open a sentence; or a line break, which loaders keep only where it was meant.
_BREAK = re.compile(r"""(?<=[.!?…])(?P<closing>["'”’»)\]]*)(?P<space>\s+)(?=["'“‘«(\[]*[^\W_a-z])|\n+""")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:[A-Za-z]|e\.g|i\.e|etc|approx|incl|no|nos|vs|cf|fig|dr|mr|mrs|ms|prof|st|dept|ext|min|max|p\.m|a\.m|\d{1,3})\.$",
    re.IGNORECASE,
)
# Longer than any of them with what may stand before it: looking at more would take quadratic time.
_LONGEST_ABBREVIATION = 12


def split_sentences(text: str) -> list[str]:
    """Joined again, the parts differ from the text in white space only."""
    sentences: list[str] = []
    start = 0
    for match in _BREAK.finditer(text):
        end = match.end("closing") if match["closing"] is not None else match.start()
        before = text[max(start, match.start() - _LONGEST_ABBREVIATION) : match.start()]
        if match["space"] is not None and _ABBREVIATION.search(before):
            continue
        if sentence := text[start:end].strip():
            sentences.append(sentence)
        start = match.end()
    if rest := text[start:].strip():
        sentences.append(rest)
    return sentences
