"""The declarations on the page of tools can be read as they stand."""

import re

from crews.workspace_tools.spec import HttpTool, McpServer
from ledger.yaml_file import parse_yaml
from tests.unit.docs.pages import ROOT


def test_each_example_fits() -> None:
    page = (ROOT / "docs" / "tools.md").read_text("utf-8")
    http, mcp = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert parse_yaml(http, HttpTool, source="http").request.in_path == ["parcel"]
    assert parse_yaml(mcp, McpServer, source="mcp").tools[0].tool == "findParcel"
