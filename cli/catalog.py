"""`crewdesk catalog list`, `search`, `show`, `load` and `quarantine`: the data products, and how they fare.

For those who run the installation. They work beside a running `crewdesk serve`.
"""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.catalog_workspace import open_catalog
from cli.exits import ExitStatus

if TYPE_CHECKING:
    from knowledge.warehouse.search import ProductQuery, ProductState
    from knowledge.warehouse.warehouse import Warehouse

Product = Annotated[str, typer.Argument(metavar="PRODUCT", help="A data product's name, domain.product.")]

Domain = Annotated[str | None, typer.Option(help="Only products of this domain.")]
LeastQuality = Annotated[
    float | None, typer.Option(min=0, max=1, help="Only those with at least this share of checks passed.")
]
Fresh = Annotated[bool | None, typer.Option("--fresh/--late", help="Only fresh ones, or late ones.")]


def build_group() -> typer.Typer:
    group = typer.Typer(help="Look after the data products and their numbers.", no_args_is_help=True)
    group.command("list")(list_command)
    group.command("search")(search_command)
    group.command("show")(show_command)
    group.command("load")(load_command)
    group.command("quarantine")(quarantine_command)
    return group


def list_command(
    domain: Domain = None,
    quality: LeastQuality = None,
    fresh: Fresh = None,
    as_json: Annotated[bool, typer.Option("--json", help="A ProductList as JSON.")] = False,
) -> None:
    """List the data products: what is served, how good and how old it is.

    [bold]Examples[/bold]

    crewdesk catalog list

    crewdesk catalog list --domain sales --quality 0.9 --fresh
    """
    from knowledge.warehouse.search import ProductQuery

    _list(ProductQuery(domain=domain, least_quality=quality, is_fresh=fresh), as_json=as_json)


def search_command(
    words: Annotated[list[str], typer.Argument(metavar="WORDS", help="All of them have to be found.")],
    domain: Domain = None,
    quality: LeastQuality = None,
    fresh: Fresh = None,
    as_json: Annotated[bool, typer.Option("--json", help="A ProductList as JSON.")] = False,
) -> None:
    """Find data products by words in their names, descriptions and columns.

    [bold]Examples[/bold]

    crewdesk catalog search refund

    crewdesk catalog search order lines --domain sales
    """
    from knowledge.warehouse.search import ProductQuery

    query = ProductQuery(words=" ".join(words), domain=domain, least_quality=quality, is_fresh=fresh)
    _list(query, as_json=as_json)


def show_command(
    product: Product,
    as_json: Annotated[bool, typer.Option("--json", help="A ProductView as JSON.")] = False,
) -> None:
    """Show one data product: its columns, what is served, its checks, and what was kept back and why.

    [bold]Examples[/bold]

    crewdesk catalog show sales.orders
    """
    from cli.catalog_tables import print_product
    from cli.catalog_views import view_product
    from cli.screen import open_screen, print_json

    view = view_product(_state_of(product))
    if as_json:
        print_json(view)
        return
    print_product(open_screen(), view)


def load_command(
    products: Annotated[
        list[str] | None, typer.Argument(metavar="[PRODUCT]...", help="All of the catalog if none is given.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A LoadReport as JSON.")] = False,
) -> ExitStatus:
    """Load data products: read, conform, check, publish. Unchanged sources cost nothing.

    What does not conform or fails a check is kept back with its reason, and the last good version is served.

    Exit status: 0 done, 1 something was kept back, 2 wrong usage, 5 it could not be done.

    [bold]Examples[/bold]

    crewdesk catalog load

    crewdesk catalog load sales.orders sales.order_lines
    """
    from cli.catalog_tables import print_report
    from cli.catalog_views import report_loads
    from cli.screen import open_screen, print_json, status_line
    from cli.start import read_settings
    from knowledge.warehouse.loading.load import LoadProgress, load_products
    from knowledge.warehouse.upkeep import answer_watches
    from ledger.settings import CatalogSettings

    settings = read_settings(CatalogSettings)
    with open_catalog(prepare=True) as warehouse, status_line("Loading ...") as status:

        def show(progress: LoadProgress) -> None:
            if status is not None:
                status.update(f"Loading {progress.product} ({progress.done} of {progress.total}) ...")

        begun = warehouse.db.clock.now()
        loads = load_products(warehouse, products or None, begun, show, connections=settings.connection_urls)
        answer_watches(warehouse)
    report = report_loads(loads, begun)
    if as_json:
        print_json(report)
    else:
        print_report(open_screen(), report)
    kept_back = any(load.state == "kept_back" for load in report.loads)
    return ExitStatus.CHECK_FAILED if kept_back else ExitStatus.DONE


def quarantine_command(
    product: Product,
    examples: Annotated[int, typer.Option(min=0, max=1000, help="How many example rows.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="A KeptBackView as JSON.")] = False,
) -> None:
    """Show which rows of the newest load were kept back and why, with personal values masked.

    [bold]Examples[/bold]

    crewdesk catalog quarantine sales.orders

    crewdesk catalog quarantine sales.orders --examples 50 --json
    """
    from cli.catalog_tables import print_kept_back
    from cli.catalog_views import view_kept_back
    from cli.screen import open_screen, print_json

    with open_catalog() as warehouse:
        view = view_kept_back(warehouse, named_product(warehouse, product), examples)
    if as_json:
        print_json(view)
        return
    print_kept_back(open_screen(), view)


def named_product(warehouse: "Warehouse", name: str) -> str:
    """Raises UnknownData, naming the closest there is."""
    from difflib import get_close_matches

    from knowledge.warehouse.errors import UnknownData

    if name in warehouse.catalog.products:
        return name
    close = get_close_matches(name, warehouse.catalog.products, 1, 0.5)
    hint = f"did you mean {close[0]}?" if close else "`crewdesk catalog list` shows what there is."
    raise UnknownData(f"There is no data product {name}; {hint}")


def _list(query: "ProductQuery", *, as_json: bool) -> None:
    from cli.catalog_tables import print_products
    from cli.catalog_views import list_products
    from cli.screen import open_screen, print_json
    from knowledge.warehouse.search import find_products

    with open_catalog() as warehouse:
        found = list_products(find_products(warehouse, query, warehouse.db.clock.now()))
        of_all = len(warehouse.catalog.products)
    if as_json:
        print_json(found)
        return
    print_products(open_screen(), found, of_all)


def _state_of(name: str) -> "ProductState":
    from knowledge.warehouse.search import read_states

    with open_catalog() as warehouse:
        named_product(warehouse, name)
        states = read_states(warehouse, warehouse.db.clock.now())
    return next(state for state in states if state.product.name == name)
