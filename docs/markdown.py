"""Writes Markdown tables, and puts generated text between its marks in a page written by hand."""

import re
from collections.abc import Mapping, Sequence

_MARK = re.compile(r"<!-- generated: (?P<name>[a-z-]+) -->\n.*?<!-- /generated -->", re.DOTALL)


class PageIncomplete(Exception):
    """A generated part has no place in the page, a mark has no part, or something has no words yet."""


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [_row(headings), _row(["---"] * len(headings)), *(_row(row) for row in rows)]
    return "\n".join(lines)


def fill_marks(page: str, parts: Mapping[str, str]) -> str:
    """The page with each part between its marks. Raises PageIncomplete unless marks and parts match."""
    found = [match["name"] for match in _MARK.finditer(page)]
    if sorted(found) != sorted(parts):
        raise PageIncomplete(f"the page has marks for {sorted(found)}, but the parts are {sorted(parts)}.")

    def filled(match: re.Match[str]) -> str:
        name = match["name"]
        return f"<!-- generated: {name} -->\n\n{parts[name]}\n\n<!-- /generated -->"

    return _MARK.sub(filled, page)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(' '.join(cell.split()).replace('|', chr(92) + '|') for cell in cells)} |"
