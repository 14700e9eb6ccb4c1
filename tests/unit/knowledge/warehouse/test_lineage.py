"""What is made of what, and what a change of a column breaks."""

from pathlib import Path

import pytest

from knowledge.warehouse.catalog import Catalog, load_catalog
from knowledge.warehouse.errors import QueryRefused, UnknownData
from knowledge.warehouse.expression_names import columns_of_condition, names_in
from knowledge.warehouse.impact import ColumnChange, impact, owners_of
from knowledge.warehouse.lineage import flatten, lineage
from knowledge.warehouse.sql_lineage import Part, SourceColumn, parse_select, trace_sql
from ledger.workspace import open_workspace
from tests.stand_ins.warehouse import write_workspace
from tests.unit.knowledge.warehouse.lineage_shop import FILES, GROUPS


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    write_workspace(tmp_path, GROUPS, FILES)
    return load_catalog(open_workspace(tmp_path))


class TestLineage:
    def test_a_metric_down_to_the_system(self, catalog: Catalog) -> None:
        found = lineage(catalog, "days.best")
        names = [branch.name for branch in flatten(found.upstream)]
        assert names[:2] == ["sales.by_day", "sales.by_day.revenue"]
        assert set(names) >= {"sales.orders.net", "sales.orders", "crm.customers", "the till", "the CRM"}
        assert "crm.customers.email" not in names
        assert found.owner == "reports@shop.example"

    def test_a_ratio_is_of_metrics(self, catalog: Catalog) -> None:
        found = lineage(catalog, "orders.average")
        assert {(b.kind, b.name) for b in found.upstream} == {
            ("product", "sales.orders"),
            ("metric", "orders.revenue"),
            ("metric", "orders.orders"),
        }

    def test_a_column_both_ways(self, catalog: Catalog) -> None:
        found = lineage(catalog, "sales.by_day.revenue")
        [up] = found.upstream
        assert (up.name, up.verb) == ("sales.orders.net", "is aggregated from")
        assert [branch.name for branch in up.branches] == ["the till"]
        assert {(b.kind, b.name) for b in found.downstream} == {
            ("metric", "days.best"),
            ("dashboard", "Board"),
            ("check", "sales.by_day: range of revenue"),
        }

    def test_a_product_is_shown_by_products(self, catalog: Catalog) -> None:
        found = lineage(catalog, "plan.forecast")
        nearest = [(branch.kind, branch.name) for branch in found.upstream]
        assert nearest == [("product", "sales.by_day"), ("system", "the planners"), ("system", "a workbook")]
        assert not any(branch.kind == "column" for branch in flatten(found.upstream))
        down = {(b.kind, b.name) for b in flatten(lineage(catalog, "crm.customers").downstream)}
        assert down >= {
            ("product", "sales.by_day"),
            ("product", "plan.forecast"),
            ("join", "orders.customer"),
            ("entity", "customer"),
            ("dashboard", "Board"),
        }

    def test_an_unknown_name_gets_a_hint(self, catalog: Catalog) -> None:
        with pytest.raises(UnknownData, match=r"called sales\.order; did you mean .*sales\.orders"):
            lineage(catalog, "sales.order")


class TestImpact:
    def test_dropping_a_column_that_a_view_sums(self, catalog: Catalog) -> None:
        affected = impact(catalog, "sales.orders", ColumnChange("drop", "net"))
        assert {(each.kind, each.name, each.owner) for each in affected} == {
            ("report", "Month end", "finance@shop.example"),
            ("check", "sales.orders: completeness of net", "orders@shop.example"),
            ("check", "sales.orders: No refund above", "orders@shop.example"),
            ("metric", "orders.revenue", "finance@shop.example"),
            ("metric", "orders.average", "finance@shop.example"),
            ("entity", "customer", "crm@shop.example"),
            ("product", "sales.by_day", "reports@shop.example"),
            ("check", "sales.by_day: range of revenue", "reports@shop.example"),
            ("metric", "days.best", "reports@shop.example"),
            ("dashboard", "Board", "board@shop.example"),
            ("product", "plan.forecast", "plan@shop.example"),
        }
        why = {each.name: each.why for each in affected}
        assert why["orders.average"] == "is computed from orders.revenue"
        assert why["sales.by_day"] == "reads sales.orders.net"
        assert "board@shop.example" in owners_of(affected)

    @pytest.mark.parametrize(
        ("product", "column", "expected"),
        [
            # Only filters, and who may see which rows.
            ("sales.orders", "region", {"sales.by_day", "orders.area", "sales.orders: rows for north"}),
            ("sales.orders", "customer_id", {"sales.by_day", "orders.customer"}),
            (
                "crm.customers",
                "id",
                {"orders.customer", "customer", "sales.orders: reference of customer_id"},
            ),
            ("sales.orders", "day", {"sales.orders: freshness", "orders.day", "Month end"}),
            ("sales.by_day", "orders", {"Board", "plan.forecast"}),
            ("sales.orders", "id", {"Nightly export", "sales.orders: primary key"}),
        ],
    )
    def test_renaming(self, catalog: Catalog, product: str, column: str, expected: set[str]) -> None:
        affected = impact(catalog, product, ColumnChange("rename", column, "other"))
        assert {each.name for each in affected} >= expected

    @pytest.mark.parametrize(("product", "column"), [("sales.orders", "spare"), ("crm.customers", "email")])
    def test_what_nobody_uses(self, catalog: Catalog, product: str, column: str) -> None:
        """A star brings `email` into the view's CTE, and nothing takes it from there."""
        assert impact(catalog, product, ColumnChange("drop", column)) == ()

    def test_a_type_reaches_only_what_is_made_of_the_values(self, catalog: Catalog) -> None:
        affected = {a.name for a in impact(catalog, "sales.orders", ColumnChange("retype", "net", "float"))}
        assert affected >= {"orders.revenue", "sales.by_day", "days.best", "Board"}
        filtered = {
            a.name for a in impact(catalog, "sales.orders", ColumnChange("retype", "region", "integer"))
        }
        assert "sales.by_day" in filtered
        assert not filtered & {"days.best", "Board", "plan.forecast"}

    @pytest.mark.parametrize(
        ("product", "change", "error", "sentence"),
        [
            ("sales.none", ColumnChange("drop", "net"), UnknownData, "no data product sales.none"),
            (
                "sales.orders",
                ColumnChange("drop", "nett"),
                UnknownData,
                "has no column nett; it has id, cust",
            ),
            ("sales.orders", ColumnChange("rename", "net", "day"), QueryRefused, "has a column day already"),
            ("sales.orders", ColumnChange("retype", "net", "money"), QueryRefused, "'money' is no type"),
            (
                "sales.orders",
                ColumnChange("retype", "net", "decimal"),
                QueryRefused,
                "is of the type decimal already",
            ),
        ],
    )
    def test_no_such_change(
        self, catalog: Catalog, product: str, change: ColumnChange, error: type[Exception], sentence: str
    ) -> None:
        with pytest.raises(error, match=sentence):
            impact(catalog, product, change)

    def test_a_view_nobody_can_read_may_stand_on_anything(self, tmp_path: Path) -> None:
        broken = FILES["products/by_day.yaml"].replace("with known as", "wiht known as")
        write_workspace(tmp_path, GROUPS, {**FILES, "products/by_day.yaml": broken})
        catalog = load_catalog(open_workspace(tmp_path))
        affected = {a.name: a.why for a in impact(catalog, "sales.orders", ColumnChange("drop", "spare"))}
        assert affected["sales.by_day"] == "may read sales.orders.spare"


class TestSql:
    def test_what_a_view_is_made_of(self) -> None:
        sql = (
            "select c.id as who, sum(o.net) / count(*) as mean, rank() over (order by c.age) as place "
            "from sales.orders o left join crm.customers c using (id) where o.kind = 'x' "
            "union all select id, 0, 1 from crm.customers order by who"
        )
        columns = {"sales.orders": ["id", "net", "kind"], "crm.customers": ["id", "age"]}
        trace = trace_sql(parse_select(sql, columns), columns)
        who, mean, place = trace.columns
        assert who.sources == (SourceColumn("crm.customers", "id"),)
        assert (mean.sources, mean.how) == ((SourceColumn("sales.orders", "net"),), "AGGREGATION")
        assert SourceColumn("crm.customers", "age") in place.sources
        assert trace.parts[SourceColumn("sales.orders", "kind")] == {Part.FILTER}
        assert Part.JOIN in trace.parts[SourceColumn("sales.orders", "id")]
        assert trace.products == columns.keys()

    @pytest.mark.parametrize(
        "sql",
        [
            "select * from read_csv('/etc/passwd')",
            "select * from '/etc/passwd'",
            "select * from query('select 1')",
            "select * from information_schema.tables",
            "select * from memory.sales.orders",
            "select 1; drop table x",
            "drop table sales.orders",
            "insert into sales.orders select 1",
            "with orders as (delete from sales.orders returning *) select * from orders",
            "with x as (select 1) select * from x, y",
            "",
            "select",
            "select " + "(" * 3000,
        ],
    )
    def test_refused(self, sql: str) -> None:
        with pytest.raises(QueryRefused):
            parse_select(sql, ["sales.orders"])

    def test_a_column_there_is_not(self) -> None:
        columns = {"sales.orders": ["id"]}
        with pytest.raises(QueryRefused, match="net"):
            trace_sql(parse_select("select net from sales.orders", columns), columns)


def test_names_of_expressions() -> None:
    assert names_in("(_.net * _['rate']).sum() / other.x") == {"net", "rate"}
    assert names_in("_.net +") == {"_", "net"}
    assert columns_of_condition("lower(region) = 'day' and o.net > 3") == {"region", "net"}
