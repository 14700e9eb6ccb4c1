"""Ids, clock, questions, workflow graphs, workspaces and results: what needs no database."""

import subprocess
import sys
import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langfuse import Langfuse
from pydantic import ValidationError

from ledger import errors
from ledger.clock import ManualClock, SystemClock
from ledger.errors import CrewdeskError, InvalidInput, WorkspaceInvalid
from ledger.ids import derive_id, new_id, short_id, span_id_for, trace_id_for
from ledger.runs import MAX_QUESTION_CHARS, checked_question
from ledger.workflow import MAX_STEPS, WorkflowSpec
from ledger.workspace import open_workspace
from tests.unit.ledger.world import workflow

# Ids


def test_new_ids_are_version_7_and_sort_by_the_time_they_were_made() -> None:
    ids = [new_id() for _ in range(5_000)]
    assert ids == sorted(set(ids))
    assert {uuid.UUID(one).version for one in ids[:10]} == {7}


def test_derived_ids_are_the_same_for_the_same_parts_only() -> None:
    assert derive_id("a", "b") == derive_id("a", "b")
    assert len({derive_id("a", "b"), derive_id("b", "a"), derive_id("a")}) == 3
    assert uuid.UUID(derive_id("a")).version == 5


def test_trace_and_span_ids_have_the_widths_of_opentelemetry() -> None:
    assert (len(trace_id_for("r")), len(span_id_for("r"))) == (32, 16)
    assert span_id_for("r", "1") != span_id_for("r", "2")


def test_a_trace_id_is_the_one_langfuse_would_make() -> None:
    run_id = new_id()
    assert trace_id_for(run_id) == Langfuse.create_trace_id(seed=run_id)


def test_a_person_is_shown_the_end_of_an_id() -> None:
    run_id = new_id()
    assert run_id.endswith(short_id(run_id))
    assert len(short_id(run_id)) == 8


# Clock


def test_time_is_in_utc_and_a_manual_clock_stands_still() -> None:
    assert SystemClock().now().tzinfo is UTC
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    assert clock.now() is clock.now()
    clock.advance(90)
    assert clock.now() == datetime(2026, 1, 1, 0, 1, 30, tzinfo=UTC)


# Questions


@pytest.mark.parametrize("empty", ["", " ", "\n\t \u00a0\u2003"])
def test_an_empty_question_is_refused(empty: str) -> None:
    with pytest.raises(InvalidInput, match="empty"):
        checked_question(empty)


def test_a_question_may_be_so_long_and_no_longer() -> None:
    longest = "é" * MAX_QUESTION_CHARS
    assert checked_question(f"  {longest}\n") == longest
    with pytest.raises(InvalidInput, match=r"8,001 characters and may have 8,000"):
        checked_question(longest + "x")
    with pytest.raises(InvalidInput, match="100,000"):
        checked_question("x" * 100_000)


@pytest.mark.parametrize("odd", ["\x00", "\ud800"])
def test_a_question_that_is_not_text_is_refused(odd: str) -> None:
    with pytest.raises(InvalidInput, match="not text"):
        checked_question(f"a{odd}b")


@given(st.text(alphabet=st.characters(), max_size=200))
def test_a_question_that_passes_can_be_stored(text: str) -> None:
    try:
        question = checked_question(text)
    except InvalidInput:
        return
    assert question == text.strip()
    assert question.encode()
    assert "\x00" not in question


# Errors


def test_every_error_has_its_own_stable_code() -> None:
    kinds = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, CrewdeskError)
    ]
    assert len({kind.code for kind in kinds}) == len(kinds) > 10


# Workflow graphs


@pytest.mark.parametrize(
    ("needs", "says"),
    [
        ({"a": ["b"], "b": []}, "'a' needs 'b', which no earlier step is called"),
        ({"a": ["a"]}, "'a' needs 'a'"),
        ({"a": [], "b": ["nowhere"]}, "'b' needs 'nowhere'"),
        ({"a": [], "b": []}, "exactly one step must come last, but nothing needs any of: a, b"),
        ({}, "at least 1 item"),
        ({f"s{n}": [] for n in range(MAX_STEPS + 1)}, "at most 50 items"),
        ({"Not A Key": []}, "pattern"),
    ],
)
def test_a_graph_that_cannot_run_is_refused(needs: dict[str, list[str]], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        workflow("w", **needs)


def test_a_step_declared_twice_is_refused() -> None:
    step = {"key": "a", "kind": "crew", "uses": "desk"}
    with pytest.raises(ValidationError, match="'a' is declared twice"):
        WorkflowSpec.model_validate({"name": "w", "description": "", "steps": [step, step]})


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "magic"},
        {"uses": ""},
        {"uses": "x" * 81},
        {"deadline_s": 0},
        {"deadline_s": 901},
        {"extra": 1},
    ],
)
def test_a_step_that_does_not_fit_is_refused(change: dict[str, object]) -> None:
    step = {"key": "a", "kind": "crew", "uses": "desk", **change}
    with pytest.raises(ValidationError):
        WorkflowSpec.model_validate({"name": "w", "description": "", "steps": [step]})


@given(st.data())
def test_the_last_step_is_the_one_nobody_needs(data: st.DataObject) -> None:
    keys = [f"s{n}" for n in range(data.draw(st.integers(1, 8)))]
    needs = {
        key: data.draw(st.lists(st.sampled_from(keys[:n]), unique=True)) if n else []
        for n, key in enumerate(keys)
    }
    try:
        spec = workflow("w", **needs)
    except ValidationError:
        return
    assert [key for key in keys if all(key not in needed for needed in needs.values())] == [
        spec.last_step.key
    ]


def test_a_version_follows_the_content() -> None:
    one = workflow("w", a=[], b=["a"])
    assert one.version == workflow("w", a=[], b=["a"]).version
    assert one.version != workflow("w", a=[], c=["a"]).version
    assert WorkflowSpec.model_validate(one.model_dump(mode="json")).version == one.version


# Workspaces


def _write_workspace(folder: Path, workspace: str = "name: Larkspur\n") -> Path:
    (folder / "documents").mkdir(parents=True)
    (folder / "workspace.yaml").write_text(workspace)
    (folder / "people.yaml").write_text("groups: {everyone: all}\npeople: [{email: a@x, name: A}]\n")
    return folder


def test_a_workspace_is_opened(tmp_path: Path) -> None:
    folder = _write_workspace(tmp_path / "w", "name: Larkspur\nchannels: {C1: [everyone, finance]}\n")
    workspace = open_workspace(folder)
    assert (workspace.file.name, workspace.people.people[0].groups) == ("Larkspur", ("everyone",))
    assert workspace.document_folders == [folder / "documents"]
    assert workspace.channel_clearance("C1") == ("everyone", "finance")
    assert workspace.channel_clearance("C2") == ("everyone",)


@pytest.mark.parametrize(
    ("gone", "says"),
    [
        ("", "crewdesk init"),
        ("workspace.yaml", "has no workspace.yaml"),
        ("people.yaml", r"people\.yaml: there is no such file"),
        ("documents", r"workspace\.yaml: documents: there is no folder"),
    ],
)
def test_a_workspace_that_lacks_a_part_says_which(tmp_path: Path, gone: str, says: str) -> None:
    folder = _write_workspace(tmp_path / "w")
    part = folder / gone
    part.rename(tmp_path / "elsewhere")
    with pytest.raises(WorkspaceInvalid, match=says) as told:
        open_workspace(folder)
    assert str(folder) in str(told.value)


# Crash points


@pytest.mark.parametrize(("armed", "status"), [("step.before_commit", 137), ("elsewhere", 0), (None, 0)])
def test_an_armed_crash_point_ends_the_process_as_sigkill_would(armed: str | None, status: int) -> None:
    script = (
        "from ledger.crash_points import arm_crash_point, crash_point\n"
        f"arm_crash_point({armed!r})\n"
        "try: crash_point('step.before_commit')\n"
        "finally: print('cleaned up')"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (status, "" if status else "cleaned up\n")
