"""Statements as hypothesis makes them: sound ones over the shop, masked columns among them; and rubbish."""

from hypothesis import strategies as st

from tests.unit.knowledge.warehouse.sql.attacks import BOUNDED, REFUSED

_NUMBERS = {"commerce.orders": ("id", "customer_id", "net"), "crm.customers": ("id",)}
_OTHERS = {
    "commerce.orders": ("region", "day", "paid"),
    "crm.customers": ("segment", "name", "email", "phone"),
}
_KEYS = {"commerce.orders": "customer_id", "crm.customers": "id"}
_FUNCTIONS = (
    "upper({})",
    "length({})",
    "{} || 'x'",
    "{} IS NULL",
    "coalesce({}, 'x')",
    "{}",
    "{}",
    "{}",
    "{}",
)
_AGGREGATES = ("count(*)", "sum({n})", "count(DISTINCT {o})", "min({o})", "max({n})", "string_agg({o}, ',')")
_FILTERS = (
    "{n} > 7",
    "{n} % 2 = 0",
    "{o} IS NOT NULL",
    "{o}::VARCHAR LIKE '%e%'",
    "{n} IN (SELECT id FROM {p})",
)
_WINDOWS = (
    "row_number() OVER (ORDER BY {n})",
    "sum({n}) OVER (PARTITION BY {o})",
    "lag({o}) OVER (ORDER BY {n})",
)


@st.composite
def selects(draw: st.DrawFn, depth: int = 2) -> str:
    """Column labels are `a`, `b`, ...; each may be wrapped in a CTE, a subquery or a UNION."""
    kind = draw(st.sampled_from(("rows", "rows", "totals", "join")))
    made = {"rows": _rows, "totals": _totals, "join": _joined}[kind](draw)
    wrap = draw(st.sampled_from(("", "", "cte", "subquery", "union", "exists"))) if depth else ""
    if wrap == "cte":
        return f"WITH w AS ({made}) SELECT * FROM w{_tail(draw, ('a',))}"
    if wrap == "subquery":
        return f"SELECT x.a AS a FROM ({made}) AS x{_tail(draw, ('x.a', 'a'))}"
    if wrap == "union":
        glue = draw(st.sampled_from(("UNION ALL", "UNION", "EXCEPT")))
        other = draw(selects(depth - 1))
        return f"SELECT a::VARCHAR AS a FROM ({made}) AS l {glue} SELECT a FROM ({other}) AS r"
    if wrap == "exists":
        exists = f"EXISTS (SELECT 1 FROM ({made}) AS y WHERE y.a = o.id)"
        return f"SELECT id AS a FROM commerce.orders AS o WHERE {exists}"
    return made


def rubbish() -> st.SearchStrategy[str]:
    """Pieces of the attacks, put together again at random."""
    words = sorted(
        {word for statement in (*REFUSED, *BOUNDED) for word in statement.split() if len(word) < 30}
    )
    return st.lists(st.sampled_from(words), min_size=1, max_size=25).map(
        lambda some: "SELECT " + " ".join(some)
    )


def _rows(draw: st.DrawFn) -> str:
    product = draw(st.sampled_from(sorted(_KEYS)))
    shown = [_expression(draw, product) for _ in range(draw(st.integers(1, 3)))]
    rest = _where(draw, product) + _tail(draw, ("1", "a", _any(draw, product)))
    return f"SELECT {_labelled(shown)} FROM {product}{rest}"


def _totals(draw: st.DrawFn) -> str:
    product = draw(st.sampled_from(sorted(_KEYS)))
    total = _filled(draw, product, draw(st.sampled_from(_AGGREGATES)))
    key = _any(draw, product)
    rest = f"{_where(draw, product)} GROUP BY {key}{_tail(draw, ('1', 'b'))}"
    return f"SELECT {key} AS a, {total} AS b FROM {product}{rest}"


def _joined(draw: st.DrawFn) -> str:
    kind = draw(st.sampled_from(("JOIN", "LEFT JOIN", "FULL JOIN")))
    on = draw(st.sampled_from(("c.id = o.customer_id", "c.id = o.id", "c.email = o.region", "c.id < o.id")))
    shown = f"o.{_any(draw, 'commerce.orders')} AS a, c.{_any(draw, 'crm.customers')} AS b"
    return f"SELECT {shown} FROM commerce.orders AS o {kind} crm.customers AS c ON {on}"


def _expression(draw: st.DrawFn, product: str) -> str:
    if draw(st.integers(0, 5)) == 0:
        return _filled(draw, product, draw(st.sampled_from(_WINDOWS)))
    return draw(st.sampled_from(_FUNCTIONS)).format(_any(draw, product))


def _where(draw: st.DrawFn, product: str) -> str:
    if draw(st.booleans()):
        return ""
    return f" WHERE {_filled(draw, product, draw(st.sampled_from(_FILTERS)))}"


def _tail(draw: st.DrawFn, orders: tuple[str, ...]) -> str:
    order = draw(st.sampled_from(("", *orders)))
    limit = draw(st.sampled_from(("", " LIMIT 5")))
    return (f" ORDER BY {order}" if order else "") + limit


def _filled(draw: st.DrawFn, product: str, text: str) -> str:
    return text.format(
        n=draw(st.sampled_from(_NUMBERS[product])), o=draw(st.sampled_from(_OTHERS[product])), p=product
    )


def _any(draw: st.DrawFn, product: str) -> str:
    return draw(st.sampled_from(_NUMBERS[product] + _OTHERS[product]))


def _labelled(shown: list[str]) -> str:
    return ", ".join(f"{item} AS {label}" for item, label in zip(shown, "abc", strict=False))
