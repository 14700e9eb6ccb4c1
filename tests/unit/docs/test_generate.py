"""The generated parts follow the code, and a page that fell behind is named."""

import os
import re
import shutil
from pathlib import Path

import pytest

from docs.generate import main
from docs.markdown import PageIncomplete, fill_marks, table
from docs.settings_page import env_example, list_variables
from ledger.settings import EmbeddedSettings, load_settings
from tests.unit.docs.pages import ROOT

_ASSIGNMENT = re.compile(r"^#([A-Z_]+)=(.*)$", re.MULTILINE)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    shutil.copy(ROOT / "docs" / "reference.md", tmp_path / "docs")
    shutil.copy(ROOT / "docker-compose.yml", tmp_path)
    return tmp_path


def test_what_is_out_of_date_is_named_and_then_written(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([], tree) == 0
    assert main(["--check"], tree) == 0
    reference = tree / "docs" / "reference.md"
    whole = reference.read_text(encoding="utf-8")
    reference.write_text(whole.replace("| `run_id` |", "| `run_number` |"), encoding="utf-8")
    (tree / ".env.example").unlink()
    capsys.readouterr()
    assert main(["--check"], tree) == 1
    told = capsys.readouterr().err
    assert "docs/reference.md is out of date" in told
    assert ".env.example is out of date" in told
    assert main([], tree) == 0
    assert reference.read_text(encoding="utf-8") == whole


def test_a_page_without_a_mark_is_told_and_left_alone(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reference = tree / "docs" / "reference.md"
    reference.write_text("# Reference\n", encoding="utf-8")
    assert main([], tree) == 1
    assert "the page has marks for []" in capsys.readouterr().err
    assert reference.read_text(encoding="utf-8") == "# Reference\n"


def test_an_option_nobody_knows_is_wrong_usage(tree: Path) -> None:
    assert main(["--chek"], tree) == 2
    assert not (tree / ".env.example").exists()


def test_the_example_names_each_variable_once_and_every_default_is_the_real_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("CREWDESK_")]:
        monkeypatch.delenv(name)
    text = env_example("password: ${POSTGRES_PASSWORD:-crewdesk}, ${CREWDESK_WORKSPACE:-./somewhere}")
    written = _ASSIGNMENT.findall(text)
    expected = [f"CREWDESK_{field.upper()}" for field in EmbeddedSettings.model_fields]
    assert sorted(name for name, _ in written) == sorted([*expected, "POSTGRES_PASSWORD"])
    Path(".env").write_text("\n".join(f"{name}={value}" for name, value in written), encoding="utf-8")
    assert load_settings(EmbeddedSettings) == EmbeddedSettings.model_construct()


def test_no_secret_has_an_example_value() -> None:
    secrets = [variable for variable in list_variables() if variable.is_secret]
    assert {"CREWDESK_SLACK_BOT_TOKEN", "CREWDESK_LANGFUSE_SECRET_KEY"} <= {item.name for item in secrets}
    assert all(item.default == "" for item in secrets)


def test_a_cell_never_breaks_its_row() -> None:
    assert table(["a"], [["one | two\nthree"]]).splitlines()[-1] == r"| one \| two three |"


def test_a_part_needs_its_mark() -> None:
    page = "<!-- generated: one -->\nold\n<!-- /generated -->"
    assert "new" in fill_marks(page, {"one": "new"})
    with pytest.raises(PageIncomplete, match="two"):
        fill_marks(page, {"one": "new", "two": "new"})
