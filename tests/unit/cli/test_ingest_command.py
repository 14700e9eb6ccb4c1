"""`crewdesk ingest` and `crewdesk knowledge ...` as a person meets them."""

import json
from pathlib import Path

import pytest

from tests.model_cache import lend_models
from tests.unit.cli.conftest import YOU, Crewdesk

STEWARD, STAFF = "steward@company.example", "staff@company.example"
_PEOPLE = f"""\
groups: {{everyone: All}}
people:
  - {{email: {YOU}, name: You}}
  - {{email: {STEWARD}, name: S, roles: [employee, steward]}}
  - {{email: {STAFF}, name: T}}
"""


@pytest.fixture
def documents(workspace: Path) -> Path:
    """Twelve pages of one passage each."""
    folder = workspace / "documents"
    for file in folder.rglob("*"):
        if file.is_file():
            file.unlink()
    for n in range(12):
        (folder / f"page{n:02}.md").write_text(f"# Page {n}\n\nThis is what page number {n} says.\n")
    (workspace / "people.yaml").write_text(_PEOPLE)
    return folder


@pytest.fixture
def models(var: Path) -> None:
    """To make an export of the model for each of them would take most of the time."""
    lend_models(var)


@pytest.mark.usefixtures("documents")
def test_a_dry_run_leaves_nothing_behind(crewdesk: Crewdesk, var: Path) -> None:
    ran = crewdesk("ingest", "--dry-run")
    assert (ran.status, var.exists()) == (0, False)
    assert "documents/page00.md" in ran.out
    assert "Nothing was written. Making these passages would take about" in ran.out
    report = json.loads(crewdesk("ingest", "--dry-run", "--json").out)
    assert (report["outcome"], report["changes"], report["to_embed"]) == ("dry_run", {"added": 12}, 12)
    assert not var.exists()


@pytest.mark.usefixtures("models")
def test_a_part_is_named_from_here_or_from_the_workspace(
    crewdesk: Crewdesk, documents: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert json.loads(crewdesk("ingest", "documents/page00.md", "--json").out)["changes"] == {"added": 1}
    monkeypatch.chdir(documents)
    assert json.loads(crewdesk("ingest", "page01.md", "--json").out)["changes"] == {"added": 1}
    assert json.loads(crewdesk("ingest", str(documents), "--json").out)["changes"] == {
        "added": 10,
        "unchanged": 2,
    }
    outside = crewdesk("ingest", "../people.yaml")
    assert (outside.status, "not within the workspace's documents" in outside.complaint) == (2, True)
    (documents / "loop").symlink_to("loop")
    assert json.loads(crewdesk("ingest", "loop", "--json").out)["statuses"] == {"unsupported": 1}
    assert "no document at documents/loop/x.md" in crewdesk("ingest", "loop/x.md").complaint
    nowhere = crewdesk("ingest", "documents/page99.md")
    assert (nowhere.status, "no document at documents/page99.md" in nowhere.complaint) == (2, True)


@pytest.mark.usefixtures("models")
def test_a_blocked_batch_says_why_and_how_to_release_it(crewdesk: Crewdesk, documents: Path) -> None:
    assert crewdesk("ingest").status == 0
    for n in range(9):
        (documents / f"page{n:02}.md").unlink()
    ran = crewdesk("ingest")
    assert ran.status == 5
    assert "from 12 passages to 3, a loss of 75%" in ran.out
    command = next(line for line in ran.out.splitlines() if "knowledge release" in line)
    ingestion_id = command.split()[3]
    assert json.loads(crewdesk("doctor", "--json").out)["healthy"]

    refused = crewdesk("knowledge", "release", ingestion_id, "--as", STAFF)
    assert (refused.status, "right to release documents" in refused.complaint) == (4, True)
    assert crewdesk("ingest").status == 5
    released = crewdesk("knowledge", "release", ingestion_id, "--as", STEWARD, "--reason", "old")
    assert (released.status, "run `crewdesk ingest`" in released.out) == (0, True)
    assert json.loads(crewdesk("ingest", "--json").out)["passages"] == 3


@pytest.mark.usefixtures("models")
def test_a_document_is_released_by_a_steward_and_served_at_once(crewdesk: Crewdesk, documents: Path) -> None:
    (documents / "copy.md").write_text((documents / "page05.md").read_text())
    (documents / "broken.pdf").write_bytes(b"%PDF-1.7 and no more")
    ran = crewdesk("ingest")
    assert (ran.status, "Kept back" in ran.out) == (0, True)
    kept_back = "documents/page05.md"

    def release(name: str, who: str = STEWARD) -> tuple[int, str]:
        ran = crewdesk("knowledge", "release", name, "--as", who)
        return ran.status, ran.out or ran.complaint

    assert release(kept_back, STAFF)[0] == 4
    assert release(kept_back, "stranger@company.example")[0] == 4
    assert release("documents/broken.pdf")[0] == 2
    assert "Mend the file" in release("documents/broken.pdf")[1]
    assert "no document nonesuch" in release("nonesuch")[1]
    assert release(kept_back) == (0, f"{kept_back} is released and served, 1 passages.\n")
    assert json.loads(crewdesk("ingest", "--json").out)["statuses"] == {"ok": 13, "corrupt": 1}
    assert release(kept_back)[0] == 2


@pytest.mark.usefixtures("models")
def test_a_library_is_put_away_and_brought_back(crewdesk: Crewdesk, documents: Path, tmp_path: Path) -> None:
    away = tmp_path / "away"
    early = crewdesk("knowledge", "snapshot", str(away))
    assert (early.status, "run `crewdesk ingest` first" in early.complaint) == (2, True)
    crewdesk("ingest")
    ran = crewdesk("knowledge", "snapshot", str(away))
    assert (ran.status, "12 passages of 12 documents" in ran.out) == (0, True)
    (documents / "page00.md").unlink()
    crewdesk("ingest")
    back = crewdesk("knowledge", "restore", str(away))
    assert (back.status, "12 passages of 12 documents are back" in back.out) == (0, True)
    assert json.loads(crewdesk("ingest", "--json").out)["changes"] == {"removed": 1, "unchanged": 11}
    rebuilt = crewdesk("knowledge", "reindex")
    assert (rebuilt.status, "11 passages are indexed with" in rebuilt.out) == (0, True)
    assert json.loads(crewdesk("ingest", "--json").out)["changes"] == {"unchanged": 11}
