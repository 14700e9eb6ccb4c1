"""`crewdesk catalog check`, `lineage` and `impact`, on a group of their own."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import typer

from cli import catalog_check, catalog_lineage
from cli.exits import ExitStatus
from cli.failures import report_error
from knowledge.warehouse.warehouse import Warehouse
from ledger.db import Database
from ledger.errors import CrewdeskError
from tests.stand_ins.warehouse import open_shop, publish, write_workspace
from tests.unit.cli.conftest import Ran
from tests.unit.knowledge.warehouse.lineage_shop import FILES, GROUPS

Catalog = Callable[..., Ran]


@pytest.fixture
def shop(tmp_path: Path, _sqlite_template: Path) -> Iterator[Warehouse]:
    folder = tmp_path / "shop"
    write_workspace(folder, GROUPS, FILES)
    var = folder / "var"
    var.mkdir()
    (var / "crewdesk.db").write_bytes(_sqlite_template.read_bytes())
    db = Database(f"sqlite:///{var / 'crewdesk.db'}")
    yield open_shop(db, folder)
    db.close()


@pytest.fixture
def catalog(shop: Warehouse, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Catalog:
    app = typer.Typer()
    catalog_check.register(app)
    catalog_lineage.register(app)
    command = typer.main.get_command(app)
    monkeypatch.setenv("CREWDESK_WORKSPACE", str(shop.catalog.folder))
    monkeypatch.setenv("CREWDESK_VAR", str(shop.folder.parent))

    def call(*arguments: str) -> Ran:
        capsys.readouterr()
        try:
            status = command.main(args=list(arguments), prog_name="catalog", standalone_mode=False)
        except CrewdeskError as error:
            status = report_error(error)
        printed = capsys.readouterr()
        return Ran(status or ExitStatus.DONE, printed.out, printed.err)

    return call


def publish_shop(shop: Warehouse, **order: object) -> None:
    today = shop.db.clock.now()
    publish(shop, "crm.customers", [{"id": 7, "email": "ann@x.example"}])
    row = {"id": 1, "customer_id": 7, "day": today.date(), "region": "n", "net": 3, **order}
    publish(shop, "sales.orders", [row])
    publish(shop, "sales.by_day", [{"revenue": 3}])


class TestCheck:
    def test_all_holds(self, shop: Warehouse, catalog: Catalog) -> None:
        publish_shop(shop)
        ran = catalog("check")
        assert ran.status == ExitStatus.DONE
        assert "sales.orders  pass" in ran.out
        assert "The only row has a value in net." in ran.out
        assert ran.out.endswith("3 checked.\n")

    def test_a_blocking_check_fails_the_command(self, shop: Warehouse, catalog: Catalog) -> None:
        publish_shop(shop, net=None, customer_id=9)
        ran = catalog("check", "sales.orders", "--json")
        assert ran.status == ExitStatus.CHECK_FAILED == 1
        report = json.loads(ran.out)
        [product] = report["products"]
        assert (report["verdict"], product["owner"], product["score"]) == (
            "block",
            "orders@shop.example",
            0.3333,
        )
        states = {check["check"]: (check["state"], check["examples"]) for check in product["checks"]}
        assert states["completeness of net"] == ("fail", [{"id": 1, "net": None}])
        assert states["reference of customer_id"] == ("fail", [{"id": 1, "customer_id": 9}])
        assert product["notes"] == []
        shown = catalog("check", "sales.orders")
        assert "fail  completeness of net" in shown.out
        assert "warn  reference of customer_id" in shown.out

    def test_what_it_is_made_of_is_a_note(self, shop: Warehouse, catalog: Catalog) -> None:
        publish_shop(shop)
        old = shop.db.clock.now() - timedelta(days=3)
        publish(shop, "sales.orders", [{"id": 1, "net": 3}], as_of=old)
        ran = catalog("check", "sales.by_day", "--json")
        assert ran.status == ExitStatus.CHECK_FAILED
        [note] = json.loads(ran.out)["products"][0]["notes"]
        assert (note["product"], note["check"]) == ("sales.orders", "freshness")
        assert note["sentence"].startswith("sales.by_day is made of sales.orders: Orders are 3 days old;")

    def test_nothing_is_served(self, catalog: Catalog) -> None:
        ran = catalog("check")
        assert (ran.status, "No data product is served." in ran.out) == (ExitStatus.DONE, True)
        assert catalog("check", "sales.orders").complaint.startswith("sales.orders has not been loaded; run")
        ran = catalog("check", "sales.none")
        assert (ran.status, ran.complaint) == (
            ExitStatus.USAGE,
            "There is no data product sales.none; `crewdesk catalog list` names them.",
        )


class TestLineage:
    def test_as_a_tree(self, catalog: Catalog) -> None:
        ran = catalog("lineage", "days.best")
        lines = [line.strip("│├└─ ") for line in ran.out.splitlines()]
        assert lines[0] == "metric days.best, reports@shop.example"
        assert "column sales.orders.net  orders@shop.example" in lines
        assert lines[-2:] == ["used by", "nothing"]

    def test_as_json(self, catalog: Catalog) -> None:
        view = json.loads(catalog("lineage", "sales.by_day.revenue", "--json").out)
        assert view["upstream"][0]["name"] == "sales.orders.net"
        assert view["upstream"][0]["verb"] == "is aggregated from"

    def test_as_openlineage(self, shop: Warehouse, catalog: Catalog) -> None:
        assert (
            "sales.by_day has not been loaded"
            in catalog("lineage", "sales.by_day", "--openlineage").complaint
        )
        publish_shop(shop)
        event = json.loads(catalog("lineage", "sales.by_day", "--openlineage").out)
        assert (event["eventType"], event["outputs"][0]["name"]) == ("COMPLETE", "sales.by_day")
        assert "no data product days.best" in catalog("lineage", "days.best", "--openlineage").complaint

    def test_a_name_nobody_knows(self, catalog: Catalog) -> None:
        ran = catalog("lineage", "sales.ordres")
        assert (ran.status, "did you mean sales.orders" in ran.complaint) == (ExitStatus.USAGE, True)


class TestImpact:
    def test_as_a_table(self, catalog: Catalog) -> None:
        ran = catalog("impact", "sales.orders", "--drop", "net")
        assert ran.out.startswith("If net is dropped, 11 things break or change:")
        assert "Tell first: board@shop.example, crm@shop.example" in ran.out

    def test_as_json(self, catalog: Catalog) -> None:
        report = json.loads(catalog("impact", "sales.orders", "--rename", "id = number", "--json").out)
        assert report["change"] == "id is called number"
        assert {each["name"] for each in report["affected"]} == {
            "Nightly export",
            "sales.orders: primary key",
            "sales.orders: No refund above",
        }
        assert report["owners"] == ["data@shop.example", "orders@shop.example"]

    def test_nothing_breaks(self, catalog: Catalog) -> None:
        ran = catalog("impact", "sales.orders", "--retype", "spare=integer")
        assert ran.out == "If the type of spare becomes integer, nothing that the catalog knows of breaks.\n"

    @pytest.mark.parametrize(
        ("arguments", "complaint"),
        [
            ([], "Say what would change: one of --drop, --rename and --retype."),
            (["--drop", "id", "--retype", "id=string"], "Say what would change"),
            (["--rename", "id"], "--rename takes OLD=NEW"),
            (["--retype", "id="], "--rename takes OLD=NEW, and --retype takes COLUMN=TYPE."),
            (["--retype", "id=money"], "'money' is no type of a column"),
            (["--drop", "nothing"], "sales.orders has no column nothing"),
        ],
    )
    def test_bad_input(self, catalog: Catalog, arguments: list[str], complaint: str) -> None:
        ran = catalog("impact", "sales.orders", *arguments)
        assert ran.status == ExitStatus.USAGE
        assert complaint in ran.complaint
