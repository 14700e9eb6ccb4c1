"""Reads the workflows that ship with Crewdesk and checks that everything they use exists."""

from collections.abc import Collection
from pathlib import Path

from ledger.errors import WorkspaceInvalid
from ledger.workflow import StepKind, WorkflowSpec
from ledger.yaml_file import load_yaml

SHIPPED = Path(__file__).parent / "workflows"


def load_workflows(
    folder: Path, *, crews: Collection[str], functions: Collection[str]
) -> tuple[WorkflowSpec, ...]:
    """Raises WorkspaceInvalid naming the file and what is wrong."""
    return tuple(_load(path, crews, functions) for path in sorted(folder.glob("*.yaml")))


def _load(path: Path, crews: Collection[str], functions: Collection[str]) -> WorkflowSpec:
    spec = load_yaml(path, WorkflowSpec)
    if spec.name != path.stem:
        raise WorkspaceInvalid(f"{path}: name: it must be '{path.stem}', like the file.")
    for step in spec.steps:
        known = crews if step.kind == StepKind.CREW else functions
        if "." in step.uses:
            _check_choice(path, step.key, step.uses, step.needs)
        elif step.uses not in known:
            raise WorkspaceInvalid(
                f"{path}: {step.key}: there is no {step.kind} called '{step.uses}'; there are: "
                f"{', '.join(sorted(known))}."
            )
    return spec


def _check_choice(path: Path, key: str, uses: str, needs: Collection[str]) -> None:
    """`uses: route.specialist` takes the crew's name from the output of a step this one needs."""
    chooser = uses.partition(".")[0]
    if chooser not in needs:
        raise WorkspaceInvalid(f"{path}: {key}: it uses '{uses}' but does not need the step '{chooser}'.")
