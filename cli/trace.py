"""`crewdesk trace`: everything that happened inside a run, as the tree it happened in."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text
    from rich.tree import Tree

    from ledger.spans import Span


def trace_command(
    run_id: Annotated[
        str, typer.Argument(metavar="ID", help="A run's id, or at least its last four characters.")
    ],
    inputs: Annotated[
        bool, typer.Option("--inputs", help="Show what went into each span and what came out, in full.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="A Trace as JSON, always with inputs and outputs.")
    ] = False,
) -> None:
    """Show the spans of a run: steps, prompts, tool calls, retrievals and checks.

    [bold]Examples[/bold]

    crewdesk trace 9f3c01ab

    crewdesk trace 9f3c01ab --inputs
    """
    from cli.screen import open_screen, print_json
    from cli.shapes import Trace
    from cli.start import open_ledger, read_settings
    from ledger.settings import ProcessSettings
    from ledger.short_ids import resolve_run_id
    from ledger.spans import list_spans

    with open_ledger(read_settings(ProcessSettings)) as db:
        full_id = resolve_run_id(db, run_id)
        spans = list_spans(db, full_id)
    if as_json:
        print_json(Trace(run_id=full_id, spans=tuple(spans)))
        return
    open_screen().print(build_tree(spans, with_inputs=inputs))


def build_tree(spans: list["Span"], *, with_inputs: bool) -> "Tree":
    """One whose parent is not among the spans hangs from the root, so that none is lost."""
    from rich.tree import Tree

    root = next(span for span in spans if span.parent_id is None)
    known = {span.id for span in spans}
    below: dict[str, list[Span]] = {}
    for span in spans:
        parent_id = span.parent_id if span.parent_id in known else root.id
        if span is not root and parent_id is not None:
            below.setdefault(parent_id, []).append(span)

    def add(branch: "Tree", span: "Span") -> None:
        if with_inputs:
            _add_inputs(branch, span)
        for child in below.get(span.id, []):
            add(branch.add(_label(child, root)), child)

    tree = Tree(_label(root, root))
    add(tree, root)
    return tree


def _label(span: "Span", root: "Span") -> "Text":
    from rich.text import Text

    from cli.screen import printable

    name = span.name.removeprefix(f"{span.kind} ")
    label = Text(span.kind, style="bold").append(f" {printable(name)}", style="not bold")
    facts = [f"at {(span.started_at - root.started_at).total_seconds():.2f} s"]
    facts.append("still open" if span.seconds is None else f"took {span.seconds:.3f} s")
    usage = span.attributes.get("usage")
    if usage:
        facts.append(f"{usage.get('input', 0):,} tokens in, {usage.get('output', 0):,} out")
    if "cost_usd" in span.attributes:
        facts.append(f"{span.attributes['cost_usd']:.6f} USD")
    if span.attributes.get("model"):
        facts.append(str(span.attributes["model"]))
    label.append(f"  {printable(' · '.join(facts))}", style="not bold dim")
    if span.state not in ("ok", "open"):
        label.append(f"  {span.state}", style="bold red")
    failure = span.attributes.get("failure")
    return label.append(f"  {printable(failure)}", style="not bold red") if failure else label


def _add_inputs(branch: "Tree", span: "Span") -> None:
    for name, value in (("in", span.input), ("out", span.output)):
        if value is not None:
            branch.add(_panel(name, value))


def _panel(name: str, value: Any) -> "RenderableType":
    from rich.panel import Panel
    from rich.text import Text

    from cli.screen import printable

    shown = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
    return Panel(Text(printable(shown)), title=name, title_align="left", style="dim")
