"""Every direct dependency has its reason in decision 0006, and nothing else is listed there."""

import re
import tomllib

from tests.unit.docs.pages import ROOT

_ROW = re.compile(r"^\| `([^`]+)` \| [^|]{10,} \|", re.MULTILINE)


def test_each_dependency_has_one_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = [re.split(r"[\[<>=~! ;]", requirement)[0] for requirement in declared]
    page = ROOT / "docs" / "decisions" / "0006-direct-dependencies.md"
    assert sorted(_ROW.findall(page.read_text(encoding="utf-8"))) == sorted(names)
