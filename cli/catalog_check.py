"""`crewdesk catalog check`: makes the checks of what is served again, and says what holds and what not."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.exits import ExitStatus

if TYPE_CHECKING:
    from rich.console import Console

    from cli.catalog_reports import CatalogChecks, CheckedProduct
    from knowledge.warehouse.warehouse import Warehouse
    from ledger.data_products import ProductLoad

_STYLES = {"pass": "green", "warn": "yellow", "fail": "bold red", "unknown": "dim", "block": "bold red"}


def register(app: typer.Typer) -> None:
    app.command("check")(check_command)
    app.command("history")(history_command)


def check_command(
    products: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PRODUCT]...", help="Data products; all that are served if none is named."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="CatalogChecks as JSON.")] = False,
) -> ExitStatus:
    """Check again what is served; what comes out counts from then on. The exit status is 1 if a product gives
    no numbers any more.

    [bold]Examples[/bold]

    crewdesk catalog check

    crewdesk catalog check sales.orders --json
    """
    from cli.catalog_workspace import open_catalog
    from cli.screen import open_screen, print_json, status_line
    from knowledge.warehouse.recheck import recheck
    from knowledge.warehouse.upkeep import answer_watches

    with open_catalog() as warehouse, status_line("Checking ..."):
        loads = recheck(warehouse, products or None, warehouse.db.clock.now())
        answer_watches(warehouse)
        report = _report(warehouse, loads)
    if as_json:
        print_json(report)
    else:
        _print_report(open_screen(), report)
    return ExitStatus.CHECK_FAILED if report.verdict == "block" else ExitStatus.DONE


def history_command(
    product: Annotated[str, typer.Argument(metavar="PRODUCT", help="A data product's name, domain.product.")],
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many results.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="A CheckHistory as JSON.")] = False,
) -> None:
    """Show what the checks of a product came to over time, the newest first.

    [bold]Examples[/bold]

    crewdesk catalog history sales.orders --limit 200
    """
    from cli.catalog import named_product
    from cli.catalog_shapes import CheckHistory, CheckView, PastCheckView
    from cli.catalog_tables import print_history
    from cli.catalog_workspace import open_catalog
    from cli.screen import open_screen, print_json
    from ledger.data_products import list_checks

    with open_catalog() as warehouse:
        past = list_checks(warehouse.db, named_product(warehouse, product), limit)
    checks = tuple(
        PastCheckView(
            load_id=each.load_id, checked_at=each.checked_at, outcome=CheckView.model_validate(each.result)
        )
        for each in past
    )
    history = CheckHistory(product=product, checks=checks)
    if as_json:
        print_json(history)
    else:
        print_history(open_screen(), history)


def _report(warehouse: "Warehouse", loads: "list[ProductLoad]") -> "CatalogChecks":
    from cli.catalog_reports import CatalogChecks
    from knowledge.warehouse.result import Verdict

    products = tuple(_product(warehouse, load) for load in loads)
    verdicts = {product.verdict for product in products}
    worst = next((v for v in (Verdict.BLOCK, Verdict.WARN) if v in verdicts), Verdict.PASS)
    return CatalogChecks(verdict=worst, products=products)


def _product(warehouse: "Warehouse", load: "ProductLoad") -> "CheckedProduct":
    from cli.catalog_reports import CheckedProduct, QualityNote
    from cli.catalog_shapes import CheckView
    from knowledge.warehouse.quality import judge_quality, score

    quality = judge_quality(warehouse, [load.product], warehouse.db.clock.now())
    failed = {check.check for check in load.failed}
    return CheckedProduct(
        product=load.product,
        owner=warehouse.catalog.products[load.product].owner,
        verdict=quality.verdict,
        score=round(score(load), 4),
        as_of=load.as_of,
        checks=tuple(CheckView.model_validate(check) for check in load.checks),
        notes=tuple(
            QualityNote.model_validate(finding)
            for finding in quality.findings
            if finding.product != load.product or finding.check not in failed
        ),
    )


def _print_report(screen: "Console", report: "CatalogChecks") -> None:
    if not report.products:
        screen.print("No data product is served. Load them first: crewdesk catalog load")
        return
    for product in report.products:
        _print_product(screen, product)
    blocked = sum(product.verdict == "block" for product in report.products)
    warned = sum(product.verdict == "warn" for product in report.products)
    whole = f"{len(report.products):,} checked"
    parts = [f"{blocked:,} give no numbers"] * bool(blocked) + [f"{warned:,} with a warning"] * bool(warned)
    screen.print(f"{', '.join([whole, *parts])}.", style="dim")


def _print_product(screen: "Console", product: "CheckedProduct") -> None:
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from cli.catalog_tables import print_check_examples
    from cli.screen import printable

    heading = Text(product.product, style="bold").append(
        f"  {product.verdict}", style=_STYLES[product.verdict]
    )
    heading.append(f"  {product.owner}", style="not bold dim")
    screen.print(heading)
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column()
    table.add_column(overflow="fold")
    for check in product.checks:
        shown = "warn" if check.state == "fail" and check.severity == "warn" else check.state
        table.add_row(Text(shown, style=_STYLES[shown]), printable(check.check), printable(check.sentence))
    for note in product.notes:
        table.add_row(
            Text(note.verdict, style=_STYLES[note.verdict]), printable(note.check), printable(note.sentence)
        )
    screen.print(Padding(table, (0, 0, 0, 2), expand=False))
    print_check_examples(screen, product.checks)
    screen.print()
