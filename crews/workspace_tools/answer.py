"""What a system answered, as evidence: line by line, marked as others' words unless the workspace says that
the system is its own."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from crews.tools.gate import Status, ToolOutcome
from crews.tools.trust import OWN_SYSTEM, Trust, is_prose
from crews.workspace_tools.spec import Governed
from ledger.evidence import Finding
from ledger.schema import storable

TOOL_ANSWER = "tool_answer"
NOTHING = "It has nothing on this."


def outcome_of(tool: Governed, source: str, value: Any, now: datetime) -> ToolOutcome:
    """`source` names the system."""
    lines = list(_lines(value, ""))
    if not lines:
        return ToolOutcome(Status.NOTHING_FOUND, note=NOTHING)
    return ToolOutcome(Status.FOUND, findings=[finding_of(tool, source, lines, now)])


def finding_of(tool: Governed, source: str, lines: list[str], now: datetime) -> Finding:
    title = tool.name.replace("_", " ").capitalize()
    return Finding(
        kind=OWN_SYSTEM if tool.trust is Trust.INTERNAL else TOOL_ANSWER,
        source=source,
        locator=tool.name,
        text="\n".join(lines),
        as_of=now.isoformat(timespec="minutes"),
        details={
            "title": title,
            "classification": tool.classification.value,
            "has_prose": any(is_prose(part) for line in lines for part in line.split(": ", 1)),
        },
    )


def _lines(value: Any, path: str) -> Iterator[str]:
    """`parcel.state: delivered` for each value that is there."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _lines(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for number, item in enumerate(value, start=1):
            yield from _lines(item, f"{path} {number}".strip())
    elif value is not None and value != "":
        told = {True: "yes", False: "no"}[value] if isinstance(value, bool) else storable(str(value))
        yield f"{path}: {told}" if path else told
