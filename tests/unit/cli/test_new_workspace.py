"""`crewdesk init`: what it makes can be opened, and it never touches what is there."""

from pathlib import Path

import pytest

from cli.new_workspace import make_workspace
from knowledge.sources import find_sources
from ledger.errors import InvalidInput
from ledger.people import Role
from ledger.workspace import open_workspace
from tests.unit.cli.conftest import Crewdesk


@pytest.mark.parametrize("name", ["my-company", 'O\'Brien: "shop" {1}', "x" * 200])
def test_what_it_makes_is_a_workspace(crewdesk: Crewdesk, tmp_path: Path, name: str) -> None:
    ran = crewdesk("init", str(tmp_path / name))
    assert ran.status == 0
    assert "crewdesk ingest" in ran.out
    workspace = open_workspace(tmp_path / name)
    assert workspace.file.name == name[:80]
    assert Role.ADMIN in next(p for p in workspace.people.people if p.email == "you@company.example").roles
    sources = find_sources(workspace)
    assert [file.name for file in sources.files] == ["documents/welcome.md"]
    assert sources.warnings == ()


@pytest.mark.parametrize("given", ["empty", ".", "new/and/deep"])
def test_an_empty_folder_or_a_new_path_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path / "home")
    if given == "empty":
        Path("empty").mkdir()
    make_workspace(Path(given))
    assert sorted(path.name for path in Path(given).iterdir()) == [
        "documents",
        "people.yaml",
        "workspace.yaml",
    ]
    assert not list(tmp_path.rglob(".crewdesk-init-*"))


def test_a_folder_with_something_in_it_is_left_alone(crewdesk: Crewdesk, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "notes.txt").write_text("mine")
    ran = crewdesk("init", str(taken))
    assert (ran.status, "not an empty folder" in ran.complaint) == (2, True)
    assert [path.name for path in taken.iterdir()] == ["notes.txt"]


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for given in ("file", "file/below"):
        with pytest.raises(InvalidInput, match="file"):
            make_workspace(tmp_path / given)
