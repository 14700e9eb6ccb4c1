"""`crewdesk catalog lineage` and `catalog impact`: where a figure comes from, and who is hit by a change."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.tree import Tree

    from cli.catalog_reports import ImpactReport, LineageBranch, LineageView
    from knowledge.warehouse.impact import ColumnChange


def register(app: typer.Typer) -> None:
    app.command("lineage")(lineage_command)
    app.command("impact")(impact_command)


def lineage_command(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="A product, `domain.product.column` or `model.metric`."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A LineageView as JSON.")] = False,
    openlineage: Annotated[
        bool,
        typer.Option(
            "--openlineage",
            help="The product's last load as an OpenLineage event; without NAME those of all products and "
            "the definitions of metrics, an event a line.",
        ),
    ] = False,
) -> None:
    """Show what a product, column or metric is made of, and what is made of it.

    [bold]Examples[/bold]

    crewdesk catalog lineage sales.orders

    crewdesk catalog lineage orders.revenue --json

    crewdesk catalog lineage sales.orders --openlineage

    crewdesk catalog lineage --openlineage > events.jsonl
    """
    from cli.catalog_reports import LineageView
    from cli.catalog_workspace import read_catalog
    from cli.screen import open_screen, print_json
    from knowledge.warehouse.lineage import lineage
    from ledger.errors import InvalidInput

    if openlineage and name is None:
        _print_events()
        return
    if name is None:
        raise InvalidInput("Say what to trace: a product, a column or a metric; `catalog list` names them.")
    if openlineage:
        _print_event(name)
        return
    view = LineageView.model_validate(lineage(read_catalog(), name))
    if as_json:
        print_json(view)
        return
    _print_lineage(open_screen(), view)


def impact_command(
    product: Annotated[str, typer.Argument(metavar="PRODUCT", help="The data product that would change.")],
    drop: Annotated[str | None, typer.Option(metavar="COLUMN", help="Leave this column out.")] = None,
    rename: Annotated[str | None, typer.Option(metavar="OLD=NEW", help="Call a column otherwise.")] = None,
    retype: Annotated[
        str | None, typer.Option(metavar="COLUMN=TYPE", help="Give a column another type.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="An ImpactReport as JSON.")] = False,
) -> None:
    """Name what breaks if a column changes, and who has to know, before it does.

    [bold]Examples[/bold]

    crewdesk catalog impact sales.orders --drop region

    crewdesk catalog impact sales.orders --rename region=area

    crewdesk catalog impact sales.orders --retype quantity=decimal --json
    """
    from cli.catalog_reports import AffectedThing, ImpactReport
    from cli.catalog_workspace import read_catalog
    from cli.screen import open_screen, print_json
    from knowledge.warehouse.impact import impact, owners_of

    change = _change(drop, rename, retype)
    affected = impact(read_catalog(), product, change)
    report = ImpactReport(
        product=product,
        change=_in_words(change),
        affected=tuple(AffectedThing.model_validate(each) for each in affected),
        owners=owners_of(affected),
    )
    if as_json:
        print_json(report)
        return
    _print_impact(open_screen(), report)


def _change(drop: str | None, rename: str | None, retype: str | None) -> "ColumnChange":
    """Raises InvalidInput unless exactly one was given, in its form."""
    from knowledge.warehouse.impact import ColumnChange
    from ledger.errors import InvalidInput

    if sum(given is not None for given in (drop, rename, retype)) != 1:
        raise InvalidInput("Say what would change: one of --drop, --rename and --retype.")
    if drop is not None:
        return ColumnChange("drop", drop.strip())
    column, _, to = (part.strip() for part in (rename or retype or "").partition("="))
    if not column or not to:
        raise InvalidInput("--rename takes OLD=NEW, and --retype takes COLUMN=TYPE.")
    return ColumnChange("rename" if rename is not None else "retype", column, to)


def _in_words(change: "ColumnChange") -> str:
    match change.kind:
        case "drop":
            return f"{change.column} is dropped"
        case "rename":
            return f"{change.column} is called {change.to}"
        case "retype":
            return f"the type of {change.column} becomes {change.to}"


def _print_event(name: str) -> None:
    import json
    import sys

    from cli.catalog_workspace import open_catalog
    from knowledge.warehouse.errors import NotLoaded, UnknownData
    from knowledge.warehouse.openlineage import openlineage_event
    from ledger.data_products import latest_loads

    with open_catalog() as warehouse:
        product = warehouse.catalog.products.get(name)
        if product is None:
            raise UnknownData(f"There is no data product {name}; `crewdesk catalog list` names them.")
        load = latest_loads(warehouse.db).get(name)
        if load is None:
            raise NotLoaded(f"{name} has not been loaded; run `crewdesk catalog load {name}`.")
        event = openlineage_event(load, product, warehouse.catalog)
    sys.stdout.write(json.dumps(event, indent=2, ensure_ascii=False) + "\n")


def _print_events() -> None:
    import json
    import sys

    from cli.catalog_workspace import open_catalog
    from knowledge.warehouse.openlineage import openlineage_event
    from knowledge.warehouse.openlineage_metrics import openlineage_metrics
    from ledger.data_products import latest_loads

    with open_catalog() as warehouse:
        catalog, now = warehouse.catalog, warehouse.db.clock.now()
        loads = latest_loads(warehouse.db)
        events = [
            openlineage_event(loads[name], product, catalog)
            for name, product in sorted(catalog.products.items())
            if name in loads
        ]
        events += [openlineage_metrics(model, catalog, now) for _, model in sorted(catalog.models.items())]
    for event in events:
        sys.stdout.write(json.dumps(event, ensure_ascii=False) + "\n")


def _print_lineage(screen: "Console", view: "LineageView") -> None:
    from rich.tree import Tree

    screen.print(f"{view.kind} {view.name}, {view.owner or 'nobody'}", style="bold")
    for heading, branches in (("made of", view.upstream), ("used by", view.downstream)):
        tree = Tree(heading)
        _hang(tree, branches)
        if not branches:
            tree.add("nothing")
        screen.print(tree)


def _hang(tree: "Tree", branches: "Iterable[LineageBranch]") -> None:
    from rich.text import Text

    from cli.screen import printable

    for branch in branches:
        line = Text(f"{branch.kind} ", style="dim").append(printable(branch.name), style="not dim")
        line.append(f"  {printable(branch.owner)}" if branch.owner else "")
        _hang(tree.add(line), branch.branches)


def _print_impact(screen: "Console", report: "ImpactReport") -> None:
    from rich.table import Table

    from cli.screen import printable

    if not report.affected:
        screen.print(f"If {report.change}, nothing that the catalog knows of breaks.")
        return
    count = len(report.affected)
    told = f"{count:,} {'thing breaks or changes' if count == 1 else 'things break or change'}"
    screen.print(f"If {report.change}, {told}:", style="bold")
    table = Table(box=None, pad_edge=False)
    for heading in ("kind", "name", "owner", "why"):
        table.add_column(heading, overflow="fold")
    for each in report.affected:
        cells = (each.kind, each.name, each.owner or "-", f"it {each.why}")
        table.add_row(*(printable(cell) for cell in cells))
    screen.print(table)
    screen.print(f"\nTell first: {', '.join(printable(owner) for owner in report.owners)}")
