"""What a workspace says of its requests and systems: found by name, and told of if it is wrong."""

from pathlib import Path

import pytest

from crews.triage.spec import load_triage
from crews.triage.systems import load_systems
from ledger.errors import WorkspaceInvalid
from ledger.workspace import open_workspace
from tests.stand_ins.warehouse import write_workspace
from tests.unit.crews.triage_world import (
    CATEGORIES,
    EXAMPLES,
    SYSTEMS,
    spec_of,
    systems_of,
    triage_workspace,
)


def test_a_sound_workspace_is_read(tmp_path: Path) -> None:
    spec = spec_of(triage_workspace(tmp_path))
    assert [category.name for category in spec.file.categories] == ["network", "hardware", "pay"]
    assert len(spec.examples) == 14
    assert spec.examples[2].text == "My VPN drops, again and again"


def test_a_workspace_need_not_have_triage_or_systems(tmp_path: Path) -> None:
    write_workspace(tmp_path, ("everyone",), {})
    workspace = open_workspace(tmp_path)
    assert (load_triage(workspace), load_systems(workspace)) == (None, None)


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("group: finance}", "group: nobody}", "network: group: 'nobody' is not a group of people.yaml"),
        ("group: finance}", "group: everyone}", "network: group: 'everyone' is not a group"),
        ("name: pay", "name: network", "the category 'network' is declared twice"),
        ("name: pay", "name: out_of_scope", "cannot be one"),
        ("categories:", "sure: 1\ncategories:", "sure: this key is not known here"),
        ("categories:", "sure_from: 2\ncategories:", "sure_from: "),
        ("categories:", "priorities: {high: {high: 1}}\ncategories:", "priorities.low needs a priority"),
        ("categories:", "cues: {impact: {huge: [x y]}}\ncategories:", "cues.impact.huge"),
    ],
)
def test_wrong_categories_are_told(tmp_path: Path, old: str, new: str, where: str) -> None:
    broken = triage_workspace(tmp_path, {"triage/categories.yaml": CATEGORIES.replace(old, new, 1)})
    with pytest.raises(WorkspaceInvalid) as told:
        load_triage(broken)
    assert where in str(told.value)
    assert "categories.yaml" in str(told.value)


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (EXAMPLES.replace("text,category", "category,text"), "examples.csv:1: the first line has to be"),
        (EXAMPLES + "A cat,pets\n", "examples.csv:16: category: 'pets' is not in categories.yaml"),
        (EXAMPLES + "A, cat,pay\n", "examples.csv:16: a line is a text and its category"),
        (EXAMPLES + ",pay\n", "examples.csv:16: a line is a text"),
        (
            EXAMPLES + "My payslip is wrong,network\n",
            "examples.csv:16: this text was given the category 'pay'",
        ),
        (EXAMPLES.replace(",pay", ",hardware"), "the category 'pay' needs two examples or more"),
        ("", "examples.csv:1: the first line"),
    ],
)
def test_wrong_examples_are_told(tmp_path: Path, content: str, where: str) -> None:
    broken = triage_workspace(tmp_path, {"triage/examples.csv": content})
    with pytest.raises(WorkspaceInvalid) as told:
        load_triage(broken)
    assert where in str(told.value)


def test_missing_and_unreadable_examples_are_told(tmp_path: Path) -> None:
    workspace = triage_workspace(tmp_path)
    (tmp_path / "triage" / "examples.csv").write_bytes(b"text,category\n\xff\xfe,pay\n")
    with pytest.raises(WorkspaceInvalid, match="cannot be read as UTF-8"):
        load_triage(workspace)
    (tmp_path / "triage" / "examples.csv").unlink()
    with pytest.raises(WorkspaceInvalid, match=r"examples\.csv: there is no such file"):
        load_triage(workspace)


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("pipeline_runs: platform.runs\n", "", "so pipeline_runs has to name their product"),
        ("synonyms: [remote access]", "synonyms: [Quarterly financial report]", "are called"),
        ("groups: [finance], people", "groups: [books], people", "'books' is not a group of people.yaml"),
        ("group: finance}", "group: books}", "'books' is not a group"),
        ("people: [engineer@", "people: [stranger@", "stranger@shop.example is nobody in people.yaml"),
        ("status: Res", "stat: Res", "stat: this key is not known here"),
    ],
)
def test_wrong_systems_are_told(tmp_path: Path, old: str, new: str, where: str) -> None:
    assert old in SYSTEMS
    broken = triage_workspace(tmp_path, {"systems.yaml": SYSTEMS.replace(old, new, 1)})
    with pytest.raises(WorkspaceInvalid) as told:
        load_systems(broken)
    assert where in str(told.value)
    assert "systems.yaml" in str(told.value)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("I cannot open the quarterly financial reports!", ["Quarterly Financials"]),
        ("the QUARTERLY-FINANCIAL report is empty", ["Quarterly Financials"]),
        ("the financial reports and the vpn", ["Reports", "VPN"]),
        ("quarterly financial reports, and all other financial reports", ["Quarterly Financials", "Reports"]),
        ("my vpns", ["VPN"]),
        ("vpnx and remote-access", ["VPN"]),
        ("nothing we know", []),
        ("", []),
    ],
)
def test_systems_are_found_by_what_they_are_called(tmp_path: Path, text: str, names: list[str]) -> None:
    found = systems_of(triage_workspace(tmp_path)).find(text)
    assert [system.name for system in found] == names
