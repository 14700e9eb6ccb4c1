"""The files that declare crews and workflows: what is wrong in one stops the start, by file and key."""

import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError

import crews
from crews.bootstrap import FUNCTIONS, publish_shipped_workflows
from crews.catalog import shipped_crews
from crews.router.output import Route
from crews.specs import load_crew_spec, with_choices
from crews.tools.shipped import shipped_tools
from crews.workflow_loader import SHIPPED, load_workflows
from ledger.db import Database
from ledger.errors import WorkspaceInvalid
from ledger.workflow import WorkflowSpec
from ledger.workflows import list_workflows

CREWS_FOLDER = Path(crews.__file__).parent

CREW = """\
name: desk
title: Desk
agent: {role: R, goal: G, backstory: B}
task: {description: "Answer {question}", expected_output: JSON}
"""
WORKFLOW = """\
name: ask
description: d
steps:
  - {key: route, kind: crew, uses: router}
  - {key: verify, kind: function, uses: verify_answer, needs: [route]}
"""


def load(folder: Path, text: str, name: str = "ask") -> tuple[WorkflowSpec, ...]:
    (folder / f"{name}.yaml").write_text(text)
    return load_workflows(folder, crews={"router", "help_desk"}, functions={"verify_answer"})


def test_what_ships_is_sound(sqlite_db: Database) -> None:
    parts = shipped_crews(shipped_tools())
    others = {"help_desk", "data_analyst", "market_researcher", "report_writer", "triager"}
    assert set(parts) == {"router", *others}
    for name, part in parts.items():
        assert part.spec.name == name
        assert part.spec.task.description.count("{question}") == 1
    assert parts["help_desk"].spec.tools == ("search_knowledge", "read_document")
    specs = load_workflows(SHIPPED, crews=set(parts), functions=FUNCTIONS)
    assert [spec.name for spec in specs] == ["ask", "report", "triage"]
    publish_shipped_workflows(sqlite_db)
    publish_shipped_workflows(sqlite_db)
    assert list_workflows(sqlite_db) == list(specs)


def test_the_router_is_told_every_specialist_it_may_name() -> None:
    task = shipped_crews(shipped_tools(), triage=True)["router"].spec.task
    [names, _] = get_args(Route.model_fields["specialists"].annotation)
    assert len(get_args(names)) >= 2
    for name in get_args(names):
        assert f'"{name}"' in task.expected_output
        assert f"- {name}: " in task.description
    assert "{choices" not in task.expected_output


def test_without_triage_the_router_is_not_told_of_the_triager() -> None:
    with_it, without = (
        shipped_crews(shipped_tools(), triage=triage)["router"].spec.task for triage in (True, False)
    )
    assert "triage" not in f"{without.description} {without.expected_output}"
    assert '"help_desk", "data_analyst" or "market_researcher"' in without.expected_output
    left = [line for line in with_it.description.splitlines() if line in without.description.splitlines()]
    assert without.description.splitlines() == left
    assert len(with_it.description.splitlines()) - len(left) == 3


def test_the_triager_works_alone() -> None:
    for named in ({"specialists": ["triager", "help_desk"]}, {"specialist": "triager"}):
        route = Route.model_validate({**named, "reason": "It fails."})
        assert (route.specialists, route.triage) == (("triager",), True)
    plain = Route.model_validate({"specialists": ["help_desk"], "reason": "x"})
    assert (plain.specialists, plain.triage) == (("help_desk",), False)
    with pytest.raises(ValidationError, match="goes with the specialist triager"):
        Route.model_validate({"specialists": ["help_desk"], "reason": "x", "triage": True})


def test_choices_of_no_such_field_are_refused(tmp_path: Path) -> None:
    (tmp_path / "crew.yaml").write_text(CREW.replace("JSON", '"{choices of reason}"'))
    with pytest.raises(
        WorkspaceInvalid, match=r"crews/desk/crew.yaml: .*'\{choices of reason\}' names no field"
    ):
        with_choices(load_crew_spec(tmp_path), Route)


def test_every_crews_folder_has_its_card() -> None:
    for path in CREWS_FOLDER.glob("*/crew.yaml"):
        card = (path.parent / "quality.md").read_text()
        assert "**Known weakness**" in card


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("steps:", "steps: [", "ask.yaml:"),
        ("kind: crew,", "kind: dance,", "ask.yaml:4: steps.0.kind: "),
        ("uses: router", "uses: dancers", "ask.yaml: route: there is no crew called 'dancers'; there are: "),
        ("verify_answer,", "dance,", "ask.yaml: verify: there is no function called 'dance'"),
        ("needs: [route]", "needs: [rout]", "ask.yaml:1: (top level): the step 'verify' needs 'rout'"),
        ("needs: [route]", "need: [route]", "ask.yaml:5: steps.1.need: this key is not known here"),
        ("key: verify", "key: route", "the step 'route' is declared twice"),
        (", needs: [route]", "", "exactly one step must come last"),
        ("description: d", "description: d\ndescription: e", "ask.yaml:3: "),
        ("name: ask", "name: other", "ask.yaml: name: it must be 'ask'"),
        ("uses: router", "uses: router, deadline_s: 0", "ask.yaml:4: steps.0.deadline_s: "),
        ("uses: router", "uses: router, undo: dance", "ask.yaml: route: undo: there is no function called"),
        ("uses: router", "uses: router, limits: {calls: 1}", "ask.yaml: route: limits.calls: "),
        (
            "uses: router",
            "uses: router, retries: [{on: [away], times: 1}]",
            "ask.yaml: route: retries: there is no error 'away'; there are: ",
        ),
        ("uses: router", "uses: item", "ask.yaml: route: it uses 'item' but runs for no list: give `each`"),
        ("kind: function, uses: verify_answer", "kind: crew, uses: router", "the last step gives the run's"),
        ("needs: [route]", "needs: [route], when: route", "the last step 'verify' gives the run's result"),
        (
            "uses: router",
            "uses: router, when: later.go",
            "steps.0: when: it reads 'later', which is not among",
        ),
        ("uses: router", "uses: router, when: 'a =='", "steps.0: the condition `a ==` does not fit"),
        ("uses: router", "uses: router, each: later.items", "steps.0: each: it reads 'later', which is not"),
        (
            "uses: router",
            "uses: router, for_s: 3",
            "a wait step, and no other, has either `for_s` or `until`",
        ),
        ("kind: crew, uses: router", "kind: crew", "steps.0: a crew step needs `uses`"),
        ("kind: crew, uses: router", "kind: wait", "a wait step, and no other, has either"),
        (
            "kind: crew, uses: router",
            "kind: wait, until: soon",
            "steps.0: until: it reads 'soon', which is not",
        ),
        ("kind: crew,", "kind: wait, for_s: 3,", "steps.0: a wait step has no `uses`"),
        ("kind: crew, uses: router", "kind: decision", "a decision step, and no other, has `ask`"),
        (
            "kind: crew, uses: router",
            "kind: wait, for_s: 3, undo: verify_answer",
            "a wait step has no each, undo, limits or retries",
        ),
        (
            "kind: crew, uses: router",
            "kind: decision, ask: {question: Q, options: [a, b], by: 'role:x', expires_s: 9}",
            "expires_s and on_expiry belong together",
        ),
        (
            "kind: crew, uses: router",
            "kind: decision, ask: {question: Q, options: [a, b], by: somebody}",
            "ask.yaml:4: steps.0.ask.by: ",
        ),
        *[
            (
                "kind: crew, uses: router",
                f"kind: decision, ask: {{question: Q, options: [a, b], by: 'role:x', {given}}}",
                where,
            )
            for given, where in [
                ("why: '{later.why}'", "steps.0: ask.why: it reads 'later', which is not among"),
                ("about: later", "steps.0: ask.about: it reads 'later', which is not among"),
                ("detail: later.text", "steps.0: ask.detail: it reads 'later', which is not among"),
                ("why: '{later}'", "steps.0.ask: why: braces hold a step's field, such as {classify.title}"),
                ("why: 'a } b'", "steps.0.ask: why: braces hold a step's field"),
                ("expires_s: 9, on_expiry: c", "steps.0.ask: on_expiry: 'c' is none of the options"),
            ]
        ],
        *[
            ("kind: crew, uses: router", f"kind: decision, ask: {{{given}}}", where)
            for given, where in [
                (
                    "question: '{later.q}', options: [a, b], by: 'role:x'",
                    "steps.0: ask.question: it reads 'later', which is not among",
                ),
                (
                    "question: Q, options: later.list, by: 'role:x'",
                    "steps.0: ask.options: it reads 'later', which is not among",
                ),
                (
                    "question: Q, options: [a, b], by: later.decider",
                    "steps.0: ask.by: it reads 'later', which is not among",
                ),
                ("question: Q, options: later, by: 'role:x'", "ask.yaml:4: steps.0.ask.options.path: "),
                ("question: Q, options: [a], by: 'role:x'", "ask.yaml:4: steps.0.ask.options.list: "),
            ]
        ],
    ],
)
def test_a_malformed_workflow_names_file_and_key(tmp_path: Path, old: str, new: str, where: str) -> None:
    assert load(tmp_path, WORKFLOW)[0].name == "ask"
    with pytest.raises(WorkspaceInvalid) as caught:
        load(tmp_path, WORKFLOW.replace(old, new))
    assert where in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_a_crew_chosen_by_a_step_needs_that_step(tmp_path: Path) -> None:
    def chosen(answer_needs: str, verify_needs: str) -> str:
        answer = f"{{key: answer, kind: crew, uses: route.specialist, needs: [{answer_needs}]}}"
        return WORKFLOW.replace("  - {key: verify", f"  - {answer}\n  - {{key: verify").replace(
            "verify_answer, needs: [route]", f"verify_answer, needs: [{verify_needs}]"
        )

    assert len(load(tmp_path, chosen("route", "answer"))[0].steps) == 3
    complaint = r"ask\.yaml: answer: it uses 'route\.specialist' but does not need the step 'route'"
    with pytest.raises(WorkspaceInvalid, match=complaint):
        load(tmp_path, chosen("", "answer, route"))


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("title: Desk", "title: Desk\noutput: {type: text}", "crew.yaml:3: output.type: "),
        ("title: Desk", "title: Desk\noutput: {type: object}", "an object, and nothing else, has properties"),
        ("title: Desk", "title: Desk\noutput: {type: array}", "an array, and nothing else, has items"),
        (
            "title: Desk",
            "title: Desk\noutput: {type: object, properties: {n: {type: number, enum: [a]}}}",
            "only a string has an enum",
        ),
        ("agent: {role: R", "agent: {rôle: R", "crew.yaml:3: agent."),
        ("role: R, ", "", "crew.yaml:3: agent.role: this key is required and missing"),
        ("goal: G", "goal: ''", "crew.yaml:3: agent.goal: "),
        ("title: Desk", "title: Desk\nllm: gpt", "crew.yaml:3: llm: this key is not known here"),
        ("title: Desk", "title: Desk\nlimits: {model_calls: 0}", "crew.yaml:3: limits.model_calls: "),
        ("name: desk", "name: Desk!", "crew.yaml:1: name: "),
        ("name: desk", "name: [desk", "crew.yaml:"),
    ],
)
def test_a_malformed_crew_names_file_and_key(tmp_path: Path, old: str, new: str, where: str) -> None:
    (tmp_path / "crew.yaml").write_text(CREW)
    assert load_crew_spec(tmp_path).name == "desk"
    (tmp_path / "crew.yaml").write_text(CREW.replace(old, new))
    with pytest.raises(WorkspaceInvalid) as caught:
        load_crew_spec(tmp_path)
    assert where in str(caught.value)


def test_a_crew_without_its_file_and_a_tool_that_is_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceInvalid, match=r"crew\.yaml: there is no such file"):
        load_crew_spec(tmp_path)
    with pytest.raises(WorkspaceInvalid, match=r"crews/help_desk/crew\.yaml: tools: there is no tool"):
        shipped_crews({})


def test_a_runner_is_built_without_crewai() -> None:
    """CrewAI, imported before it was hardened, would report home and cost its 4 s where nobody asks."""
    lines = (
        "import sys, pathlib",
        "from crews.bootstrap import build_step_runner",
        "from ledger.settings import WorkerSettings",
        "build_step_runner(WorkerSettings(), None, lambda: None)",
        "print(sorted({'crewai', 'torch', 'langfuse'} & set(sys.modules)))",
    )
    ran = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)],
        capture_output=True,
        text=True,
        cwd=CREWS_FOLDER.parent,
        check=True,
        timeout=60,
    )
    assert ran.stdout.strip() == "[]"
