"""Holds what MCP servers offer now against what was accepted in `tools/*.yaml`, for people who decide whether
to accept it."""

import json
from collections.abc import Iterator
from pathlib import Path

from crews.workspace_tools.mcp_tools import Definition, accepted, offered_by
from crews.workspace_tools.secrets import Secrets
from crews.workspace_tools.spec import McpServer
from knowledge.quality.injection import suspect
from ledger.outgoing import without_unseen
from ledger.yaml_file import line_of

COMPARED_WITHIN_S = 10.0


def differences(path: Path, server: McpServer, secrets: Secrets) -> Iterator[str]:
    """One for each tool that is not as it was accepted. Raises ServerAway, SecretMissing."""
    there = offered_by(server, secrets, min(server.timeout_s, COMPARED_WITHIN_S))
    for at, tool in enumerate(server.tools):
        where = f"{path}:{line_of(path, 'tools', at)}: tools.{at}"
        offered = there.get(tool.tool)
        if offered is None:
            has = ", ".join(map(_one_line, sorted(there))) or "none"
            yield f"{where}: the server has no tool '{tool.tool}'; it has: {has}."
        elif offered != accepted(tool):
            yield _difference(where, tool.tool, accepted(tool), offered)


def _difference(where: str, name: str, before: Definition | None, now: Definition) -> str:
    lines = [
        f"{where}: the server's words for '{name}' "
        + ("were never accepted." if before is None else "have changed, so it is refused."),
        *_of("accepted", before),
        *_of("now", now),
    ]
    if suspect(now.description).is_likely or without_unseen(now.description) != now.description:
        lines.append("  Mind that its description reads like orders to a model, or hides something.")
    lines += [
        "  To accept it, put this into the file:",
        f"    description: {json.dumps(now.description, ensure_ascii=True)}",
        f"    arguments: {json.dumps(now.arguments, ensure_ascii=True)}",
    ]
    return "\n".join(lines)


def _of(when: str, definition: Definition | None) -> list[str]:
    if definition is None:
        return []
    return [
        f"  {when} ({definition.pin}): {_one_line(definition.description)}",
        f"  {when}: arguments {_one_line(json.dumps(definition.arguments, ensure_ascii=True))}",
    ]


def _one_line(text: str) -> str:
    return " ".join(without_unseen(text).split())
