"""`crewdesk sql`: one SELECT over the catalog, within one person's rights."""

import sys
from typing import Annotated

import typer

from cli.exits import ExitStatus

_STDIN = "-"


def sql_command(
    statement: Annotated[
        str, typer.Argument(metavar="SELECT", help="One SELECT over data products; - reads it from stdin.")
    ],
    email: Annotated[
        str, typer.Option("--as", metavar="EMAIL", help="Who asks; an address from people.yaml.")
    ],
    audience: Annotated[
        list[str] | None,
        typer.Option(metavar="EMAIL", help="Who else will read it; give it once for each."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many rows.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="A NumberReport as JSON.")] = False,
) -> ExitStatus:
    """Query data products with SQL: read only, within one person's rights, with the quality attached.

    [bold]Examples[/bold]

    crewdesk sql "SELECT region, SUM(net) FROM commerce.orders GROUP BY region" --as you@company.example

    crewdesk sql - --as you@company.example --limit 1000 --json < query.sql
    """
    from dataclasses import replace

    from cli.number_report import print_number, report_of
    from cli.screen import open_screen, print_json, status_line
    from cli.start import checked_email, open_ledger, read_settings
    from knowledge.search.access import AccessScope
    from knowledge.warehouse.sql.limits import SqlLimits
    from knowledge.warehouse.sql.run import run_sql
    from knowledge.warehouse.warehouse import open_warehouse
    from ledger.people import find_principal
    from ledger.settings import ProcessSettings
    from ledger.workspace import open_workspace

    who, others = checked_email(email), [checked_email(address) for address in audience or ()]
    settings = read_settings(ProcessSettings)
    text = sys.stdin.read() if statement == _STDIN else statement
    with open_ledger(settings) as db:
        groups, *readers = (find_principal(db, address).groups for address in (who, *others))
        warehouse = open_warehouse(db, open_workspace(settings.workspace), settings.var)
        limits = replace(SqlLimits(), rows=limit)
        with status_line("Querying ..."):
            result = run_sql(warehouse, AccessScope(groups, tuple(readers)), text, db.clock.now(), limits)
    if as_json:
        print_json(report_of(result))
    else:
        print_number(open_screen(), result, with_sql=False)
    return ExitStatus.ABSTAINED if result.quality.verdict == "block" else ExitStatus.DONE
