"""Reads workflows, those that ship with Crewdesk and a workspace's own, and checks that everything they use
exists."""

from collections.abc import Collection, Iterable
from pathlib import Path

from pydantic import ValidationError

import crews.errors
import ledger.errors
from crews.specs import CrewSpec, Limits
from crews.workspace_crews import is_workspace, load_workspace_crews
from ledger.errors import CrewdeskError, WorkspaceInvalid
from ledger.workflow import StepKind, StepSpec, WorkflowSpec
from ledger.yaml_file import load_yaml

SHIPPED = Path(__file__).parent / "workflows"
WORKFLOWS = "workflows"
# Of a failure that is nobody's error on purpose.
BROKEN = "broken"
_VERIFY = "verify_answer"


def workflow_files(workspace: Path) -> list[Path]:
    return sorted((workspace / WORKFLOWS).glob("*.yaml")) if is_workspace(workspace) else []


def all_workflows(
    workspace: Path, shipped_crews: Collection[str], functions: Collection[str]
) -> tuple[WorkflowSpec, ...]:
    """Raises WorkspaceInvalid naming the file and what is wrong."""
    shipped = load_workflows(SHIPPED, crews=shipped_crews, functions=functions)
    own_crews = load_workspace_crews(workspace, taken=shipped_crews).values()
    known = {*shipped_crews, *(spec.name for spec in own_crews)}
    taken = {spec.name for spec in shipped}
    other = with_own_output(own_crews)
    own = [
        load_workflow(path, crews=known, functions=functions, taken=taken, own_output=other)
        for path in workflow_files(workspace)
    ]
    return (*shipped, *own)


def with_own_output(specs: Iterable[CrewSpec]) -> set[str]:
    """The names of those crews that draft no answer in claims."""
    return {spec.name for spec in specs if spec.output is not None}


def load_workflows(
    folder: Path, *, crews: Collection[str], functions: Collection[str]
) -> tuple[WorkflowSpec, ...]:
    """Raises WorkspaceInvalid naming the file and what is wrong."""
    paths = sorted(folder.glob("*.yaml"))
    return tuple(load_workflow(path, crews=crews, functions=functions) for path in paths)


def load_workflow(
    path: Path,
    *,
    crews: Collection[str],
    functions: Collection[str],
    taken: Collection[str] = (),
    own_output: Collection[str] = (),
) -> WorkflowSpec:
    """Raises WorkspaceInvalid naming the file and what is wrong."""
    spec = load_yaml(path, WorkflowSpec)
    if spec.name != path.stem:
        raise WorkspaceInvalid(f"{path}: name: it must be '{path.stem}', like the file.")
    if spec.name in taken:
        raise WorkspaceInvalid(
            f"{path}: name: '{spec.name}' is a workflow of Crewdesk's own; choose another name."
        )
    for step in spec.steps:
        _check_uses(path, step, crews if step.kind == StepKind.CREW else functions)
        _check_asks(path, step)
        _check_extras(path, step, functions)
    _check_drafts(path, spec, own_output)
    if spec.last_step.kind != StepKind.FUNCTION:
        raise WorkspaceInvalid(
            f"{path}: {spec.last_step.key}: the last step gives the run's result, so it is a function such "
            "as verify_answer."
        )
    return spec


def _check_uses(path: Path, step: StepSpec, known: Collection[str]) -> None:
    first, dot, _ = step.uses.partition(".")
    if not step.uses:
        return
    if step.kind == StepKind.CREW and first == "item":
        if step.each is None:
            raise WorkspaceInvalid(
                f"{path}: {step.key}: it uses '{step.uses}' but runs for no list: give `each`."
            )
    elif step.kind == StepKind.CREW and dot:
        # `uses: route.specialist` takes the crew's name from the output of a step this one needs.
        if first not in step.needs:
            raise WorkspaceInvalid(
                f"{path}: {step.key}: it uses '{step.uses}' but does not need the step '{first}'."
            )
    elif step.uses not in known:
        raise WorkspaceInvalid(
            f"{path}: {step.key}: there is no {step.kind} called '{step.uses}'; there are: "
            f"{', '.join(sorted(known))}."
        )


def _check_asks(path: Path, step: StepSpec) -> None:
    if step.asks is not None and step.asks.partition(".")[0] == "item" and step.each is None:
        raise WorkspaceInvalid(
            f"{path}: {step.key}: it asks '{step.asks}' but runs for no list: give `each`."
        )


def _check_drafts(path: Path, spec: WorkflowSpec, own_output: Collection[str]) -> None:
    unfit = {step.key: step.uses for step in spec.steps if step.uses in own_output}
    for step in spec.steps:
        for need in step.needs if step.uses == _VERIFY else ():
            if need in unfit:
                raise WorkspaceInvalid(
                    f"{path}: {step.key}: it needs the step '{need}', but the crew '{unfit[need]}' has an "
                    f"`output:` of its own and drafts no answer {_VERIFY} could check; let a crew without "
                    "one read it and draft the answer."
                )


def _check_extras(path: Path, step: StepSpec, functions: Collection[str]) -> None:
    if step.undo is not None and step.undo not in functions:
        raise WorkspaceInvalid(
            f"{path}: {step.key}: undo: there is no function called '{step.undo}'; there are: "
            f"{', '.join(sorted(functions))}."
        )
    try:
        Limits.model_validate(step.limits)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise WorkspaceInvalid(f"{path}: {step.key}: limits.{first['loc'][0]}: {first['msg']}.") from error
    codes = error_codes()
    for rule in step.retries:
        for code in rule.on:
            if code not in codes:
                raise WorkspaceInvalid(
                    f"{path}: {step.key}: retries: there is no error '{code}'; there are: "
                    f"{', '.join(sorted(codes))}."
                )


def error_codes() -> set[str]:
    """What a retry rule may name."""
    modules = (crews.errors, ledger.errors)
    found = [value for module in modules for value in vars(module).values()]
    return {one.code for one in found if isinstance(one, type) and issubclass(one, CrewdeskError)} | {BROKEN}
