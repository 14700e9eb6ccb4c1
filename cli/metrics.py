"""`crewdesk metrics`: the figures the workspace defines and what they come to, within one person's rights."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.exits import ExitStatus
from cli.metric_arguments import Compared

if TYPE_CHECKING:
    from knowledge.search.access import AccessScope
    from knowledge.warehouse.warehouse import Warehouse

_DAY = "%Y-%m-%d"
_Grain = Literal["day", "week", "month", "quarter", "year"]
_As = Annotated[str, typer.Option("--as", metavar="EMAIL", help="Who asks; an address from people.yaml.")]
_Audience = Annotated[
    list[str] | None, typer.Option(metavar="EMAIL", help="Who else will read it; give it once for each.")
]


def build_group() -> typer.Typer:
    group = typer.Typer(help="Figures by the workspace's definitions.", no_args_is_help=True)
    group.command("list")(list_command)
    group.command("show")(show_command)
    group.command("query")(query_command)
    return group


def list_command(
    email: _As,
    as_json: Annotated[bool, typer.Option("--json", help="A MetricList as JSON.")] = False,
) -> None:
    """List the metrics a person may ask for, with their definitions.

    [bold]Examples[/bold]

    crewdesk metrics list --as you@company.example
    """
    from cli.metric_views import MetricList, list_metrics, print_metrics
    from cli.screen import open_screen, print_json

    with _opened(email, ()) as (warehouse, scope):
        found = MetricList(metrics=list_metrics(warehouse, scope))
    if as_json:
        print_json(found)
        return
    print_metrics(open_screen(), found)


def show_command(
    name: Annotated[str, typer.Argument(metavar="METRIC", help="Such as orders.revenue.")],
    email: _As,
    as_json: Annotated[bool, typer.Option("--json", help="A MetricView as JSON.")] = False,
) -> None:
    """Show how one metric is defined, who owns it and what it can be asked by.

    [bold]Examples[/bold]

    crewdesk metrics show orders.revenue --as you@company.example
    """
    from cli.metric_views import print_metric, view_metric
    from cli.screen import open_screen, print_json

    with _opened(email, ()) as (warehouse, scope):
        view = view_metric(warehouse, scope, name)
    if as_json:
        print_json(view)
        return
    print_metric(open_screen(), view)


def query_command(
    metrics: Annotated[list[str], typer.Argument(metavar="METRIC...", help="Such as orders.revenue.")],
    email: _As,
    by: Annotated[list[str] | None, typer.Option(metavar="DIMENSION", help="Give it once for each.")] = None,
    where: Annotated[
        list[str] | None, typer.Option(metavar="CONDITION", help="Such as 'region = North'; once for each.")
    ] = None,
    first: Annotated[datetime | None, typer.Option("--from", formats=[_DAY], help="The first day.")] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=[_DAY], help="The last day; today unless given.")
    ] = None,
    grain: Annotated[_Grain | None, typer.Option(help="Cut time into these.")] = None,
    compare: Annotated[Compared | None, typer.Option(help="With the period before, or a year ago.")] = None,
    top: Annotated[int | None, typer.Option(min=1, max=1000, help="The largest ones only.")] = None,
    share: Annotated[bool, typer.Option("--share", help="Also the share of the total.")] = False,
    audience: _Audience = None,
    with_sql: Annotated[bool, typer.Option("--sql", help="Also the statement that ran.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="A NumberReport as JSON.")] = False,
) -> None:
    """Ask for metrics by dimensions, over a period, against another.

    [bold]Examples[/bold]

    crewdesk metrics query orders.revenue --by stores.region --as you@company.example

    crewdesk metrics query orders.revenue --from 2026-07-01 --to 2026-09-30 --compare year --as a@b.example

    crewdesk metrics query orders.orders --by channel --where "region = North" --top 5 --as a@b.example
    """
    from cli.metric_arguments import compared_period, parse_condition, parse_period
    from cli.number_report import print_number, report_of
    from cli.screen import open_screen, print_json, status_line
    from knowledge.warehouse.metric_spec import Grain
    from knowledge.warehouse.query import MetricQuery
    from knowledge.warehouse.query_metrics import query_metrics

    filters = tuple(parse_condition(text) for text in where or ())
    with _opened(email, tuple(audience or ())) as (warehouse, scope):
        now, calendar = warehouse.db.clock.now(), warehouse.catalog.calendar
        period = parse_period(first, last, now.date(), calendar)
        query = MetricQuery(
            metrics=tuple(metrics),
            dimensions=tuple(by or ()),
            filters=filters,
            period=period,
            grain=Grain(grain) if grain else None,
            compare_to=compared_period(period, compare, calendar),
            order_by=((metrics[0], "desc"),) if top else (),
            limit=top,
            share=share,
        )
        with status_line("Reckoning ..."):
            result = query_metrics(warehouse, scope, query, now)
    if as_json:
        print_json(report_of(result))
    else:
        print_number(open_screen(), result, with_sql=with_sql)
    if result.quality.verdict == "block":
        raise typer.Exit(ExitStatus.ABSTAINED)


@contextmanager
def _opened(email: str, audience: tuple[str, ...]) -> "Iterator[tuple[Warehouse, AccessScope]]":
    from cli.start import checked_email, open_ledger, read_settings
    from knowledge.search.access import AccessScope
    from knowledge.warehouse.warehouse import open_warehouse
    from ledger.people import find_principal
    from ledger.settings import ProcessSettings
    from ledger.workspace import open_workspace

    settings = read_settings(ProcessSettings)
    people = [checked_email(address) for address in (email, *audience)]
    with open_ledger(settings) as db:
        warehouse = open_warehouse(db, open_workspace(settings.workspace), settings.var)
        groups, *readers = (find_principal(db, address).groups for address in people)
        try:
            yield warehouse, AccessScope(groups, tuple(readers))
        finally:
            warehouse.readers.close()
