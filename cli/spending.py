"""`crewdesk spending`: what models cost today, what is left, and what a question is likely to cost."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cli.shapes import SpendingReport


def spending_command(
    email: Annotated[
        str, typer.Option("--as", metavar="EMAIL", help="Whose spending; an address from people.yaml.")
    ],
    workflow: Annotated[str, typer.Option(metavar="NAME", help="Whose usual cost is the estimate.")] = "ask",
    as_json: Annotated[bool, typer.Option("--json", help="A SpendingReport as JSON.")] = False,
) -> None:
    """Show what models cost today, against the workspace's budgets, and what a question usually costs.

    [bold]Examples[/bold]

    crewdesk spending --as employee@larkspur.example
    """
    from cli.screen import print_json
    from cli.shapes import AccountLine, SpendingReport
    from cli.start import checked_email, open_ledger, read_settings
    from ledger.people import find_principal
    from ledger.settings import ProcessSettings
    from ledger.spending import MICROS, balances, usual_cost
    from ledger.workspace import open_workspace

    settings = read_settings(ProcessSettings)
    budgets = open_workspace(settings.workspace).file.budgets
    with open_ledger(settings) as db:
        principal = find_principal(db, checked_email(email))
        lines = balances(db, budgets, principal)
        estimate = usual_cost(db, workflow)
    report = SpendingReport(
        accounts=tuple(
            AccountLine(
                whose=line.words,
                cost_usd=line.used.micro_usd / MICROS,
                limit_usd=None if line.limit_micro_usd is None else line.limit_micro_usd / MICROS,
                input_tokens=line.used.input_tokens,
                output_tokens=line.used.output_tokens,
            )
            for line in lines
        ),
        run_limit_usd=None if budgets.run is None else float(budgets.run),
        estimate_usd=None if estimate is None else estimate / MICROS,
    )
    print_json(report) if as_json else _print(report)


def _print(report: "SpendingReport") -> None:
    from rich.table import Table

    from cli.screen import open_screen, printable

    screen = open_screen()
    table = Table(box=None, pad_edge=False)
    for heading in ("account", "used", "limit", "tokens in", "tokens out"):
        table.add_column(heading, no_wrap=True, justify="left" if heading == "account" else "right")
    for line in report.accounts:
        table.add_row(
            printable(line.whose),
            _dollars(line.cost_usd),
            "none" if line.limit_usd is None else _dollars(line.limit_usd),
            f"{line.input_tokens:,}",
            f"{line.output_tokens:,}",
        )
    screen.print(table)
    limit = "no limit" if report.run_limit_usd is None else f"at most {_dollars(report.run_limit_usd)}"
    if report.estimate_usd is None:
        screen.print(f"\nWhat a question costs is not known yet ({limit}).")
    else:
        screen.print(f"\nA question costs about {_dollars(report.estimate_usd)} ({limit}).")


def _dollars(amount: float) -> str:
    return f"{amount:,.4f} USD"
