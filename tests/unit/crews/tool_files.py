"""Tools as a workspace declares them, against the stand-ins."""

import json
from pathlib import Path
from typing import Any

import yaml
from pydantic import SecretStr

from crews.tools.gate import ToolSpec
from crews.workspace_tools.load import all_tools
from tests.stand_ins import mcp_server, parcels
from tests.stand_ins.mcp_server import FIND, ORDER

SECRETS = {"parcels_key": SecretStr(parcels.KEY), "mcp_key": SecretStr(mcp_server.KEY)}


def http_tool(url: str, **changes: Any) -> dict[str, Any]:
    return {
        "kind": "http",
        "name": "parcel_status",
        "description": "Tells where a parcel is.",
        "effect": "read",
        "groups": ["everyone"],
        "arguments": {
            "type": "object",
            "properties": {
                "parcel": {"type": "string", "maxLength": 200},
                "detail": {"type": "string", "enum": ["short", "long"]},
            },
            "optional": ["detail"],
        },
        "request": {
            "method": "GET",
            "url": f"{url}/v1/parcels/{{parcel}}",
            "query": {"detailLevel": "detail"},
            "headers": {"Authorization": {"secret": "parcels_key", "prefix": "Bearer "}},
        },
        "answer": {"at": ["data", "parcel"]},
        "timeout_s": 5,
        "max_bytes": 2000,
        **changes,
    }


def order_tool(url: str, **changes: Any) -> dict[str, Any]:
    return {
        "kind": "http",
        "name": "order_parcels",
        "description": "Orders parcels.",
        "effect": "external",
        "groups": ["everyone"],
        "arguments": {
            "type": "object",
            "properties": {
                "pieces": {"type": "integer"},
                "note": {"type": "string"},
            },
            "optional": ["note"],
        },
        "request": {
            "method": "POST",
            "url": f"{url}/v1/orders",
            "body": {"pieces": "pieces", "noteText": "note"},
            "headers": {"Authorization": {"secret": "parcels_key", "prefix": "Bearer "}},
        },
        "timeout_s": 5,
        **changes,
    }


def mcp_file(url: str, **changes: Any) -> dict[str, Any]:
    rights = {"groups": ["everyone"]}
    return {
        "kind": "mcp",
        "name": "parcels",
        "url": url,
        "headers": {"Authorization": {"secret": "mcp_key", "prefix": "Bearer "}},
        "timeout_s": 5,
        "max_bytes": 2000,
        "tools": [
            {
                "name": "find_parcel",
                "tool": "findParcel",
                "effect": "read",
                "description": "Finds a parcel.",
                "arguments": FIND,
                **rights,
            },
            {
                "name": "order_more",
                "tool": "orderParcels",
                "effect": "write",
                "description": "Orders parcels.",
                "arguments": ORDER,
                **rights,
            },
        ],
        **changes,
    }


def write_workspace(folder: Path, *files: dict[str, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "workspace.yaml").write_text("name: Shop\n")
    (folder / "people.yaml").write_text("groups: {everyone: All, finance: Money}\npeople: []\n")
    write_tools(folder, *files)
    return folder


def write_tools(folder: Path, *files: dict[str, Any]) -> None:
    (folder / "tools").mkdir(exist_ok=True)
    for file in files:
        # By way of JSON, so that no anchors are written.
        plain = json.loads(json.dumps(file))
        (folder / "tools" / f"{file['name']}.yaml").write_text(yaml.safe_dump(plain, sort_keys=False))


def tools_from(folder: Path, *files: dict[str, Any]) -> dict[str, ToolSpec]:
    return all_tools(write_workspace(folder, *files), SECRETS)
