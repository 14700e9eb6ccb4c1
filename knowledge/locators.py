"""Where in a document a passage stands, in words a reader can follow: `pages 3-4, section Hotels`, `slide 2`,
`sheet Sales, A2:D14`."""

import re
from collections.abc import Sequence

PATH_SEPARATOR = " > "
_PAGE = re.compile(r"(?P<before>(?:.*, )?)page (?P<number>\d+)")
_ROW = re.compile(r"row (\d+)")
_CELLS = re.compile(r"([A-Z]+)(\d+)(?::([A-Z]+)(\d+))?")
# A slide or sheet is found by itself; its headings are on it.
_EXACT = re.compile(r"(?:^|, )(?:slide|sheet|rows?) ")


def write_locator(
    heading_path: tuple[str, ...], places: Sequence[str | None], labels: Sequence[str], position: int
) -> str:
    """`places` and `labels` are those of what the passage holds, in order; `position` counts from 0."""
    place = ", ".join(filter(None, (_join_places(places), _join_labels(labels))))
    section = f"section {PATH_SEPARATOR.join(heading_path)}" if heading_path else ""
    if place:
        return f"{place}, {section}" if section and not _EXACT.search(place) else place
    return section or (f"part {position + 1}" if position else "opening")


def _join_places(places: Sequence[str | None]) -> str:
    first, last = places[0] or "", places[-1] or ""
    start, end = _PAGE.fullmatch(first), _PAGE.fullmatch(last)
    if first == last or not start or not end:
        return first
    return f"{start['before']}pages {start['number']}-{end['number']}"


def _join_labels(labels: Sequence[str]) -> str:
    """One label that covers them all."""
    if not labels:
        return ""
    first, last = _ROW.fullmatch(labels[0]), _ROW.fullmatch(labels[-1])
    if first and last:
        return labels[0] if first[1] == last[1] else f"rows {first[1]}-{last[1]}"
    cells = [match for label in labels if (match := _CELLS.fullmatch(label))]
    columns = [column for match in cells for column in (match[1], match[3] or match[1])]
    rows = [int(row) for match in cells for row in (match[2], match[4] or match[2])]
    if not cells:
        return ""
    columns.sort(key=lambda column: (len(column), column))
    start, end = f"{columns[0]}{min(rows)}", f"{columns[-1]}{max(rows)}"
    return start if start == end else f"{start}:{end}"
