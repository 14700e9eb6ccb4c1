"""`tools/*.yaml`: every fault is named with file and line, what is declared is pinned, and tools of installed
packages stand beside them."""

import dataclasses
import sys
from pathlib import Path
from typing import Any

import pytest

from crews.cast import tool_version
from crews.workspace_tools.installed import installed_tools
from crews.workspace_tools.load import all_tools
from ledger.errors import WorkspaceInvalid
from tests.unit.crews.tool_files import http_tool, mcp_file, order_tool, tools_from, write_workspace

URL = "https://parcels.example"
PACKAGE = """\
from pydantic import BaseModel, ConfigDict

from crews.tools.gate import Effect, Status, ToolOutcome, ToolSpec
from ledger.people import Right


class Nothing(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def tell_time() -> ToolSpec:
    def run(context, _arguments):
        return ToolOutcome(Status.FOUND, note=f"It is {context.db.clock.now():%H:%M}.")

    return ToolSpec("tell_time", "Tells what time it is.", Nothing, Effect.READ, Right.ASK, run)


NOT_A_TOOL = dict
"""


def put(tool: dict[str, Any], *path: str | int, value: Any) -> dict[str, Any]:
    part: Any = tool
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    return tool


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        (("effect",), "reads", ":4: effect: input should be 'read', 'write' or 'external'"),
        (("groups",), [], ":5: groups: tuple should have at least 1 item"),
        (("groups",), ["everyone", "strangers"], ":5: groups: people.yaml declares no group 'strangers'"),
        (("name",), "other", "name: it must be 'parcel_status', like the file"),
        (("trust",), "user", "trust: input should be"),
        (("right",), "rule", "right: input should be"),
        (("decided_by",), "role:engineer", "decided_by: nobody decides about a tool that only reads"),
        (("decided_by",), "the boss", "decided_by: string should match pattern"),
        (("llm",), "x", "llm: this key is not known here"),
        (("timeout_s",), 0, "timeout_s: input should be greater than 0"),
        (("arguments", "properties", "more"), {"type": "string"}, "the argument 'more' has no place"),
        (("arguments", "optional"), ["parcel"], "'parcel' stands in the path, so it cannot be optional"),
        (
            ("arguments", "properties", "detail"),
            {"type": "array", "items": {"type": "string"}},
            "'detail' is no",
        ),
        (("request", "query"), {"a": "dance"}, "there is no argument 'dance'"),
        (("request", "query"), {"a": "detail", "b": "parcel"}, "the argument 'parcel' has two places"),
        (("request", "method"), "DELETE", "DELETE changes something, so its effect is no `read`"),
        (("request", "body"), {"a": "detail"}, ":20: request: a GET has no body"),
        (("request", "url"), "https://{parcel}.example/", "only the path may have places"),
        (("request", "url"), "https://a.example:{parcel}/", "only the path may have places"),
        (("request", "url"), "{parcel}://a.example/", "it is a whole address"),
        (("request", "url"), "https://a.example/x?y={parcel}", "only the path may have places"),
        (("request", "url"), "ftp://a.example/{parcel}", "it is a whole address"),
        (("request", "url"), "https://me:secret@a.example/{parcel}", "it has no user, password"),
        (("request", "url"), "https://a.example/{parcel", "a place is written {argument}"),
        (("request", "url"), "http://a.example/{parcel}", "a secret is only sent over https"),
        (("request", "headers"), {"Host": "b.example"}, "Host is set by Crewdesk"),
        (("request", "headers"), {"X-Key: 1\r\nY": "z"}, "request.headers"),
        (("request", "headers"), {"X": {"secret": "a", "prefix": "b\r\n"}}, "headers.X.secret.prefix"),
    ],
)
def test_every_fault_is_named(tmp_path: Path, path: tuple[str, ...], value: Any, complaint: str) -> None:
    write_workspace(tmp_path, put(http_tool(URL), *path, value=value))
    file = tmp_path / "tools" / "parcel_status.yaml"
    if path == ("name",):
        (tmp_path / "tools" / "other.yaml").rename(file)
    with pytest.raises(WorkspaceInvalid) as refused:
        all_tools(tmp_path, {})
    assert str(refused.value).startswith(str(file))
    assert complaint in str(refused.value)


def test_who_decides_about_a_call_is_declared(tmp_path: Path) -> None:
    declared = tools_from(tmp_path / "a", order_tool(URL, decided_by="group:finance"))["order_parcels"]
    assert declared.decided_by == "group:finance"
    with pytest.raises(WorkspaceInvalid, match=r"decided_by: people.yaml declares no group 'strangers'"):
        tools_from(tmp_path / "b", order_tool(URL, decided_by="group:strangers"))


def test_a_name_is_given_once(tmp_path: Path) -> None:
    taken = mcp_file("https://mcp.example/mcp")
    taken["tools"][1]["name"] = "parcel_status"
    with pytest.raises(WorkspaceInvalid, match=r"parcels.yaml:\d+: name: there is another tool called"):
        tools_from(tmp_path / "a", http_tool(URL), {**taken, "name": "parcels"})
    with pytest.raises(WorkspaceInvalid, match=r"run_sql.yaml:2: name: there is another tool"):
        tools_from(tmp_path / "b", {**http_tool(URL), "name": "run_sql"})


def test_a_kind_nobody_knows_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        WorkspaceInvalid, match=r"parcel_status.yaml:1: kind: input should be 'http' or 'mcp'"
    ):
        tools_from(tmp_path, {**http_tool(URL), "kind": "grpc"})


def test_a_pin_is_of_the_whole_declaration(tmp_path: Path) -> None:
    def version(name: str, *files: dict[str, Any]) -> str:
        return tool_version(tools_from(tmp_path, *files)[name])

    first = version("parcel_status", http_tool(URL))
    assert version("parcel_status", http_tool(URL)) == first
    for changed in (
        http_tool("https://other.example"),
        http_tool(URL, groups=["finance"]),
        http_tool(URL, trust="internal"),
        http_tool(URL, answer={"at": ["data"]}),
    ):
        assert version("parcel_status", changed) != first
    server = version("find_parcel", mcp_file("https://mcp.example/mcp"))
    assert version("find_parcel", mcp_file("https://other.example/mcp")) != server


def test_a_post_that_only_asks_may_read(tmp_path: Path) -> None:
    tool = tools_from(tmp_path, order_tool(URL, effect="read"))["order_parcels"]
    assert (tool.only_reads, tool.may_know_values) == (True, False)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as `pip install` leaves one, with a package that brings a tool."""
    site = tmp_path / "site"
    info = site / "larkspur_clock-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "larkspur_clock.py").write_text(PACKAGE)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: larkspur-clock\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.delitem(sys.modules, "larkspur_clock", raising=False)
    return info / "entry_points.txt"


def test_an_installed_package_brings_a_tool(package: Path, tmp_path: Path) -> None:
    assert "tell_time" not in all_tools(tmp_path, {})
    package.write_text("[crewdesk.tools]\ntell_time = larkspur_clock:tell_time\n")
    tool = all_tools(tmp_path, {})["tell_time"]
    assert dataclasses.asdict(tool)["description"] == "Tells what time it is."
    with pytest.raises(WorkspaceInvalid, match="there is another tool called 'tell_time'"):
        tools_from(tmp_path / "w", {**http_tool(URL), "name": "tell_time"})


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("tell_time = larkspur_clock:gone", "its tool cannot be loaded: AttributeError"),
        ("tell_time = larkspur_gone:tell_time", "its tool cannot be loaded: ModuleNotFoundError"),
        ("tell_time = larkspur_clock:NOT_A_TOOL", "it gives no ToolSpec"),
        ("clock = larkspur_clock:tell_time", "its tool is called 'tell_time'"),
    ],
)
def test_a_package_that_brings_none_is_named(package: Path, line: str, complaint: str) -> None:
    package.write_text(f"[crewdesk.tools]\n{line}\n")
    with pytest.raises(WorkspaceInvalid, match=r"larkspur-clock: entry point crewdesk\.tools\.") as refused:
        installed_tools()
    assert complaint in str(refused.value)
