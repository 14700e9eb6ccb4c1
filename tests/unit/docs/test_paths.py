"""A page that names a file leads its reader to it."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.unit.docs.pages import DECISIONS, PAGES, ROOT, name_of

_PATH = re.compile(r"`([\w.-]+(?:/[\w.-]+)+\.\w+)`")
_LINK = re.compile(r"\]\((?!https?:)([^)#]+)[^)]*\)")


def _named_in(text: str) -> set[str]:
    return set(_PATH.findall(text))


def test_paths_are_told_from_other_words_in_backticks() -> None:
    text = "`ledger/runs.py`, `make demo`, `/v1/runs`, `a/b`, `docs/decisions/0001-a.md`, `.env.example`"
    assert _named_in(text) == {"ledger/runs.py", "docs/decisions/0001-a.md"}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_file_a_page_names_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert [path for path in sorted(_named_in(text)) if not (ROOT / path).is_file()] == []
    assert [link for link in _LINK.findall(text) if not (page.parent / link).exists()] == []


def test_the_architecture_names_every_package() -> None:
    text = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = project["tool"]["importlinter"]["root_packages"]
    assert [package for package in packages if f"| `{package}` |" not in text] == []


def test_decisions_are_numbered_without_gaps_and_say_what_they_must() -> None:
    assert [int(page.name[:4]) for page in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    for page in DECISIONS:
        text = page.read_text(encoding="utf-8")
        assert text.startswith(f"# {page.name[:4]}: ")
        for part in ("Context.", "Decision.", "Consequences.", "Rejected.", "Enforced by."):
            assert f"**{part}**" in text, f"{page.name} lacks {part}"
