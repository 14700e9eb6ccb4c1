"""The data products as a person reads them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cli.catalog_shapes import (
    CheckHistory,
    CheckView,
    KeptBackExample,
    KeptBackView,
    LoadOutcome,
    LoadReport,
    LoadView,
    ProductList,
    ProductView,
)
from cli.screen import printable
from ledger.ids import short_id

_STATUS = {"served": "served", "late": "LATE", "kept_back": "KEPT BACK", "not_loaded": "not loaded"}
_STYLES = {"served": "", "late": "yellow", "kept_back": "yellow", "not_loaded": "dim"}
_CHECK_STYLES = {"fail": "bold yellow", "unknown": "dim"}
_CHANGES = {
    "missing": "had no value",
    "filled": "were filled",
    "left_out": "did not conform and were left out",
    "quarantined": "were kept back",
    "mapped": "got another spelling",
    "thousands_removed": "had marks between thousands",
    "decimal_comma": "had a decimal comma",
    "rounded": "were rounded to four places",
    "decimal_point": "had a decimal point",
    "read": "rows were read",
    "duplicates_dropped": "rows were there more than once and were dropped",
    "key_conflicts": "rows shared a key but not their values",
    "ignored_columns": "columns of the source are not the product's",
}


def print_products(screen: Console, found: ProductList, of_all: int) -> None:
    """`of_all` is how many the catalog has."""
    if not found.products:
        told = (
            "No data product fits." if of_all else "The catalog is empty: put products into catalog/products."
        )
        screen.print(told)
        return
    table = _table("product", "rows>", "quality>", "freshness", "status", "owner")
    for product in found.products:
        rows = "-" if product.rows is None else f"{product.rows:,}"
        status = Text(_STATUS[product.status], style=_STYLES[product.status])
        name, owner = printable(product.name), printable(product.owner)
        table.add_row(name, rows, _share(product.quality), product.freshness, status, owner)
    screen.print(table)
    for product in found.products:
        if product.reason:
            screen.print(
                f"\n{printable(product.name)} is kept back: {printable(product.reason)}", style="yellow"
            )
    screen.print(f"\n{len(found.products):,} of {of_all:,} data products", style="dim")


def print_product(screen: Console, view: ProductView) -> None:
    screen.print(Text(printable(view.name), style="bold"))
    screen.print(printable(view.description), soft_wrap=True)
    for name, value in _facts(view):
        line = Text(f"  {name:<14} ", style="dim")
        screen.print(line.append(printable(value), style=""), soft_wrap=True)
    for issue in view.known_issues:
        screen.print(f"  known issue    {printable(issue)}", style="yellow", soft_wrap=True)
    if view.latest is not None:
        _print_kept_back_load(screen, view.name, view.latest, view.served)
    table = _table("column", "type", "unit", "classification", "description")
    for column in view.columns:
        told = [column.name, column.type, column.unit or "", column.classification, column.description]
        table.add_row(*map(printable, told))
    _section(screen, "Columns", table)
    if view.served is not None:
        _print_load(screen, view.served)


def print_report(screen: Console, report: LoadReport) -> None:
    if not report.loads:
        screen.print("The catalog is empty: put products into catalog/products.")
        return
    for load in report.loads:
        _print_outcome(screen, load)
    states = [load.state for load in report.loads]
    parts = [
        f"{states.count(state):,} {name}"
        for state, name in (
            ("published", "published"),
            ("unchanged", "unchanged"),
            ("kept_back", "kept back"),
        )
        if state in states
    ]
    screen.print(f"\n{', '.join(parts)}", style="bold")


def print_kept_back(screen: Console, view: KeptBackView) -> None:
    if view.load_id is None or view.loaded_at is None:
        screen.print(f"{view.product} was never loaded; run: crewdesk catalog load {view.product}")
        return
    if view.reason:
        told = f"The load of {_minute(view.loaded_at)} is kept back: {printable(view.reason)}"
        screen.print(told, style="yellow", soft_wrap=True)
    print_check_examples(screen, view.failed)
    if not view.kept_back:
        screen.print(f"No row of the newest load of {view.product} failed to conform.")
        return
    screen.print(f"Kept back: {_rows(view.kept_back)} of {view.product}", style="bold")
    table = _table("rows>", "reason")
    for reason, count in view.reasons.items():
        table.add_row(f"{count:,}", printable(reason))
    screen.print(Padding(table, (0, 0, 0, 2), expand=False))
    _print_examples(screen, view.examples)
    if view.file:
        screen.print(f"\nThe rows as they came: {printable(view.file)}", style="dim", soft_wrap=True)


def _print_outcome(screen: Console, load: LoadOutcome) -> None:
    style = "bold yellow" if load.state == "kept_back" else "bold"
    line = Text(printable(load.product), style=style).append(f"  {load.state.replace('_', ' ')}", style="")
    line.append(f"  {_rows(load.rows)}", style="dim")
    screen.print(line)
    if load.reason:
        screen.print(f"  {printable(load.reason)}", style="yellow", soft_wrap=True)
    if load.kept_back:
        told = f"  {_rows(load.kept_back)} kept back (see `crewdesk catalog quarantine {load.product}`)"
        screen.print(told, soft_wrap=True)
    for check in load.failed:
        if check.sentence not in (load.reason or ""):
            # Some sentences begin with the name of their check.
            named = "" if check.sentence.startswith(f"{check.check}:") else f"{printable(check.check)}: "
            told = f"  {check.severity}: {named}{printable(check.sentence)}"
            screen.print(told, style="yellow", soft_wrap=True)


def _print_kept_back_load(screen: Console, name: str, load: LoadView, served: LoadView | None) -> None:
    reason = printable(load.reason or "no reason is known")
    told = f"\nThe load of {_minute(load.loaded_at)} is kept back: {reason}"
    screen.print(told, style="bold yellow", soft_wrap=True)
    if served is not None:
        screen.print(f"  The version of {_minute(served.loaded_at)} is still served.")
    else:
        screen.print("  No version of it was ever published, so it gives no numbers.")
    if load.kept_back:
        screen.print(f"  {_rows(load.kept_back)} did not conform: see `crewdesk catalog quarantine {name}`")
    failed = [check for check in load.checks if check.state == "fail"]
    if failed:
        screen.print(Padding(_checks_table(failed), (0, 0, 0, 2), expand=False))
        print_check_examples(screen, failed)


def _print_load(screen: Console, load: LoadView) -> None:
    if load.checks:
        _section(screen, "Checks of what is served", _checks_table(load.checks))
        print_check_examples(screen, load.checks)
    table = _table("column", "values>", "")
    for column, rules in load.changed.items():
        for rule, count in rules.items():
            name = "(whole rows)" if column == "*" else column
            table.add_row(printable(name), f"{count:,}", printable(_told_change(rule)))
    if table.row_count:
        _section(screen, "What loading it changed", table)


def _checks_table(checks: Iterable[CheckView]) -> Table:
    table = _table("check", "came to", "severity", "found")
    for check in checks:
        state = Text(check.state, style=_CHECK_STYLES.get(check.state, ""))
        table.add_row(printable(check.check), state, check.severity, printable(check.sentence))
    return table


def print_check_examples(screen: Console, checks: Iterable[CheckView]) -> None:
    """A few rows each that a check found wrong."""
    for check in checks:
        if check.examples:
            screen.print(f"\n  Rows that fail {printable(check.check)}, for example:")
        for row in check.examples:
            screen.print(Padding(Text(_told_row(row)), (0, 0, 0, 4), expand=False))


def print_history(screen: Console, history: CheckHistory) -> None:
    if not history.checks:
        screen.print(f"No check of {history.product} was made yet; run: crewdesk catalog load")
        return
    table = _table("checked", "load", "check", "came to", "measured>", "found")
    for past in history.checks:
        outcome = past.outcome
        measured = "-" if outcome.measured is None else f"{outcome.measured:,.4g}"
        state = Text(outcome.state, style=_CHECK_STYLES.get(outcome.state, ""))
        name, sentence = printable(outcome.check), printable(outcome.sentence)
        table.add_row(_minute(past.checked_at), short_id(past.load_id), name, state, measured, sentence)
    screen.print(table)


def _print_examples(screen: Console, examples: Iterable[KeptBackExample]) -> None:
    for number, example in enumerate(examples, start=1):
        screen.print(f"\n{number}. {printable('; '.join(example.reasons))}")
        screen.print(Padding(Text(_told_row(example.columns)), (0, 0, 0, 3), expand=False))


def _told_row(columns: Mapping[str, Any]) -> str:
    return "  ".join(
        f"{name}: {'-' if value is None else printable(value)}" for name, value in columns.items()
    )


def _told_change(rule: str) -> str:
    kind, _, pattern = rule.partition(":")
    if kind == "dates_by_format":
        return f"were dates written as {'YYYY-MM-DD' if pattern.startswith('iso') else pattern}"
    return _CHANGES.get(rule, rule)


def _facts(view: ProductView) -> list[tuple[str, str]]:
    served = view.served
    facts = [
        ("status", _STATUS[view.status]),
        ("served", f"{_rows(served.rows)}, loaded {_minute(served.loaded_at)}" if served else "nothing"),
        ("as of", _minute(view.as_of) if view.as_of else "-"),
        ("freshness", view.freshness + (" (LATE)" if view.is_late else "")),
        ("quality", _share(view.quality) + (" of its checks passed" if view.quality is not None else "")),
        ("owner", view.owner),
        ("steward", view.steward),
        ("origin", view.origin),
        ("version", str(view.version)),
        ("refreshed", view.refresh),
        ("promised", "" if view.target is None else f"{view.target:.0%} of its checks"),
        ("read by", ", ".join(view.groups) or "nobody"),
        ("made of", ", ".join(view.upstream)),
        ("used by", ", ".join(view.consumers)),
        ("asked for", "; ".join(view.access_patterns)),
    ]
    return [(name, value) for name, value in facts if value]


def _rows(count: int) -> str:
    return f"{count:,} {'row' if count == 1 else 'rows'}"


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"


def _table(*headings: str) -> Table:
    """A heading that ends in `>` stands over numbers."""
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        is_number = heading.endswith(">")
        table.add_column(heading.rstrip(">"), justify="right" if is_number else "left", overflow="fold")
    return table


def _section(screen: Console, heading: str, table: Table) -> None:
    screen.print(Text(f"\n{heading}", style="bold"))
    screen.print(Padding(table, (0, 0, 0, 2), expand=False))
