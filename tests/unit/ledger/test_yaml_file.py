"""A malformed file is answered with file, line and key."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from ledger.errors import WorkspaceInvalid
from ledger.people import PeopleFile
from ledger.yaml_file import load_yaml, parse_yaml


class _Item(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    size: int = 1


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: str = Field(min_length=1)
    items: list[_Item] = []
    tags: dict[str, str] = {}


def _complaint(text: str, *, first_line: int = 1) -> str:
    with pytest.raises(WorkspaceInvalid) as told:
        parse_yaml(text, _File, source="crew.yaml", first_line=first_line)
    assert "\n" not in str(told.value)
    return str(told.value)


@pytest.mark.parametrize(
    ("text", "begins", "says"),
    [
        (
            "title: x\nitems:\n  - name: a\n  - name: b\n    size: big\n",
            "crew.yaml:5: items.1.size: ",
            "integer",
        ),
        ("title: x\nitems:\n  - size: 2\n", "crew.yaml:3: items.0.name: ", "required and missing"),
        ("items: []\n", "crew.yaml:1: title: ", "required and missing"),
        ("", "crew.yaml:1: title: ", "required and missing"),
        ("title: x\ntitel: y\n", "crew.yaml:2: titel: ", "not known here"),
        ("title: x\ntags:\n  a: b\n  a: c\n", "crew.yaml:4: ", "'a' is given twice"),
        ("title: ''\n", "crew.yaml:1: title: ", "at least 1 character"),
        ("- a\n- b\n", "crew.yaml:1: (top level): ", "valid dictionary"),
        ("just words\n", "crew.yaml:1: (top level): ", "valid dictionary"),
        ("title: x\nitems: [\n", "crew.yaml:3: ", "not valid YAML"),
        ("title: x\n\ttags: y\n", "crew.yaml:2: ", "not valid YAML"),
        ("title: x\n---\ntitle: y\n", "crew.yaml:2: ", "single document"),
        ("title: !!python/object:os.system x\n", "crew.yaml:1: ", "could not determine a constructor"),
        ("title: *nowhere\n", "crew.yaml:1: ", "undefined alias"),
        ("title: x\ntags:\n  day: 2026-02-30\n", "crew.yaml:3: ", "'2026-02-30' cannot be read"),
        ("title: x\ntags: {? [a] : b}\n", "crew.yaml:2: ", "unhashable"),
        ("title: x\ntags:\n  a: \x07\n", "crew.yaml:3: ", "control character"),
        ("title: x\ntags: " + "[" * 5_000, "crew.yaml:", "too deeply"),
    ],
)
def test_the_complaint_names_file_line_and_key(text: str, begins: str, says: str) -> None:
    complaint = _complaint(text)
    assert complaint.startswith(begins), complaint
    assert says in complaint


def test_lines_are_counted_from_where_the_text_begins() -> None:
    assert _complaint("title: x\nsize: 1\n", first_line=10).startswith("crew.yaml:11: size: ")
    assert _complaint("title: x\ntags: \x07\n", first_line=10).startswith("crew.yaml:11: ")


def test_what_fits_is_read() -> None:
    text = "\ufefftitle: ünïcode\nitems: [{name: a}]\ntags: {'1': one}\n"
    assert parse_yaml(text, _File, source="x") == _File(
        title="ünïcode", items=[_Item(name="a")], tags={"1": "one"}
    )


def test_a_mapping_may_be_merged_into_others() -> None:
    text = "title: x\nitems:\n  - &first {name: a, size: 5}\n  - {<<: *first, name: b}\n"
    assert parse_yaml(text, _File, source="x").items == [_Item(name="a", size=5), _Item(name="b", size=5)]


def test_the_line_is_where_a_merged_value_was_replaced() -> None:
    text = "title: x\nitems:\n  - &first {name: a, size: 5}\n  - {<<: *first, size: big}\n"
    assert _complaint(text).startswith("crew.yaml:4: items.1.size: ")


@pytest.mark.parametrize("says", ["no such file", "cannot be read", "not UTF-8"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, says: str) -> None:
    path = tmp_path / "crew.yaml"
    if says == "cannot be read":
        path.mkdir()
    if says == "not UTF-8":
        path.write_bytes(b"title: x\ntags:\n  a: \xff\n")
    with pytest.raises(WorkspaceInvalid, match=says) as told:
        load_yaml(path, _File)
    assert str(told.value).startswith(f"{path}:3: " if says == "not UTF-8" else f"{path}: ")


@given(st.text() | st.text(alphabet=":-[]{}&*!|>'\"%@`#?,\n\t <0123456789.exob_"))
def test_no_text_at_all_brings_another_error(text: str) -> None:
    try:
        parse_yaml(text, _File, source="crew.yaml")
    except WorkspaceInvalid as told:
        assert str(told).startswith("crew.yaml:")  # noqa: PT017 - most texts do not fit, a few do


@pytest.mark.parametrize(
    ("people", "says"),
    [
        ("[{email: a@x, name: A}, {email: A@X , name: B}]", "email a@x is given to two people"),
        ("[{email: a@x, name: A, slack: U1}, {email: b@x, name: B, slack: U1}]", "slack U1 is given to two"),
        ("[{email: a@x, name: A, groups: [board]}]", "a@x is in the group 'board', which is not declared"),
        ("[{email: nonsense, name: A}]", "crew.yaml:2: people.0.email: string should match"),
        (
            "[{email: a@x, name: A, roles: [king]}]",
            "crew.yaml:2: people.0.roles.0: input should be 'employee'",
        ),
    ],
)
def test_people_that_do_not_fit_are_named(people: str, says: str) -> None:
    with pytest.raises(WorkspaceInvalid) as told:
        parse_yaml(f"groups: {{everyone: all}}\npeople: {people}\n", PeopleFile, source="crew.yaml")
    assert says in str(told.value)


def test_on_and_off_are_words(tmp_path: Path) -> None:
    class Switch(BaseModel):
        on: dict[str, str]
        off: str
        is_lit: bool

    path = tmp_path / "switch.yaml"
    path.write_text("on: {yes: no}\noff: on\nis_lit: true\n")
    switch = load_yaml(path, Switch)
    assert (switch.on, switch.off, switch.is_lit) == ({"yes": "no"}, "on", True)


def test_a_time_of_day_stays_what_was_written() -> None:
    read = parse_yaml("title: x\ntags: {opens: 10:00, closes: 18:30:00.5}\n", _File, source="hours.yaml")
    assert read.tags == {"opens": "10:00", "closes": "18:30:00.5"}
    assert parse_yaml("title: x\nitems: [{name: a, size: 1_000}]\n", _File, source="x").items[0].size == 1000
