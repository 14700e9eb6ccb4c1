"""Statements over people and what is confidential of them, as hypothesis makes them: ordinary ones, and ones
made to single somebody out by joins, OR, nulls, weights, CASE, filters and layers."""

from dataclasses import dataclass

from hypothesis import strategies as st

_KEYS = (("s.team",), ("s.hours",), ("year(s.hired)",), ("t.floor",))
_ODD_KEYS = (("s.id",), ("s.id", "s.team"), ("s.team", "s.hours"), ("CASE WHEN s.id = {n} THEN 1 END",))
_CONFIDENTIAL_KEYS = ((), (), (), (), ("s.grade",), ("s.bonus",))
_ODD_CONFIDENTIAL_KEYS = (("CASE WHEN s.id = {n} THEN s.grade END",), ("s.salary - s.id",))
_CONDITIONS = (
    "s.id <> {n}",
    "s.hours > 20",
    "s.hours IS NULL",
    "s.team <> 'Legal'",
    "s.id IN (0, 1, 2, 3, {n})",
)
_ODD_CONDITIONS = ("s.id = {n}", "s.id > {n} OR s.team = 'Tills'", "s.hours > t.floor")
_CONFIDENTIAL_CONDITIONS = (
    *("s.salary > {v}", "s.bonus IS NULL", "s.grade IN ('A', 'C')", "s.salary BETWEEN 2000 AND {v}"),
    *("NOT s.bonus > 10", "s.grade LIKE 'A%'", "(s.salary < 3000 OR s.salary > {v})"),
)
_ODD_CONFIDENTIAL_CONDITIONS = (
    "((s.salary > {v} AND s.id = {n}) OR s.id IN (1, 2, 3, 4, 5))",
    "(s.grade = 'A' OR s.id < {n})",
    "s.salary > s.hours * 100",
    "NOT (s.salary > {v} AND s.id = {n})",
    "s.salary > (s.id - {n}) * 900",
    "s.id IN (SELECT id FROM hr.staff WHERE salary > {v})",
)
_TOTALS = ("count(*)", "sum(s.salary)", "avg(s.salary)", "count(s.bonus)", "sum(s.bonus)", "avg(s.bonus)")
_ODD_TOTALS = (
    *("sum(s.salary * s.hours)", "sum(s.salary + 0 * s.hours)", "sum(s.salary * s.id)", "sum(s.hours)"),
    *("count(s.hours)", "count(DISTINCT s.team)", "count(DISTINCT s.grade)", "sum(s.bonus * s.bonus)"),
    *("median(s.salary)", "max(s.bonus)", "sum(DISTINCT s.salary)", "stddev(s.bonus)", "any_value(s.grade)"),
    *("sum(CASE WHEN s.id = {n} THEN s.salary END)", "sum(s.salary) FILTER (WHERE s.id = {n})"),
    *("string_agg(s.grade, '')", "sum(s.salary * (s.id = {n})::INT)", "arg_max(s.id, s.salary)"),
    *("quantile_cont(s.salary, 0.2)", "corr(s.salary, s.id)", "sum(sum(s.salary)) OVER ()", "mode(s.bonus)"),
)
_JOINS = (" JOIN hr.teams t ON t.team = s.team", ", hr.teams t")
_ODD_JOINS = (
    " JOIN hr.teams t ON t.floor < s.id",
    " JOIN hr.teams t ON t.team = s.team JOIN hr.staff o ON o.id <> s.id",
    " JOIN hr.teams t ON t.team = s.team JOIN hr.staff o ON o.id <= s.id",
    " JOIN hr.teams t ON t.team = s.team JOIN hr.staff o ON o.team = s.team",
    " JOIN hr.teams t ON t.team = s.team LEFT JOIN hr.staff o ON o.id = s.bonus",
    " CROSS JOIN hr.teams t",
)
_ENDS = ("", "", "", " HAVING count(*) > 2", " ORDER BY total DESC", " ORDER BY {all} LIMIT 2")
_ODD_ENDS = (" HAVING sum(s.salary) > {v}", " QUALIFY row_number() OVER (ORDER BY total) = 1")
_LAYERS = (
    "WITH w AS ({0}) SELECT * FROM w",
    "SELECT sum(total) FROM ({0}) AS w",
    "{0} UNION ALL {1}",
    "SELECT ({1}) FROM hr.teams",
    "SELECT id FROM hr.staff WHERE EXISTS ({0})",
)

_ODD_PARTS = ("join", "keys", "hidden keys", "where", "hidden where", "totals", "totals", "end", "layers")


@dataclass(frozen=True, slots=True)
class Asked:
    """`people` gives the id of everybody the statement is about, their weight, and their group as anybody may
    know it."""

    statement: str
    people: str

    @property
    def is_weighted(self) -> bool:
        return "* s.hours)" in self.statement or "* s.id)" in self.statement


@st.composite
def statements_on_people(draw: st.DrawFn) -> Asked:
    """Most parts are ordinary, so that many statements are answered; of two odd ones one would hide what the
    other gives away."""
    odd = draw(st.sampled_from(("", "", "", *_ODD_PARTS)))
    join = draw(st.sampled_from(_ODD_JOINS if odd == "join" else _JOINS))
    keys = draw(st.sampled_from(_ODD_KEYS if odd == "keys" else ((), *_KEYS)))
    hidden_keys = draw(
        st.sampled_from(_ODD_CONFIDENTIAL_KEYS if odd == "hidden keys" else _CONFIDENTIAL_KEYS)
    )
    public = _some(draw, _CONDITIONS, _ODD_CONDITIONS if odd == "where" else ())
    public += ["t.team = s.team"] * join.startswith(",")
    hidden = _some(
        draw, _CONFIDENTIAL_CONDITIONS, _ODD_CONFIDENTIAL_CONDITIONS if odd == "hidden where" else ()
    )
    totals = _some(draw, _TOTALS, _ODD_TOTALS if odd == "totals" else ()) or ["sum(s.salary)"]
    made = _select(join, (*keys, *hidden_keys), [*public, *hidden], totals)
    if odd == "layers":
        made = draw(st.sampled_from(_LAYERS)).format(made, _select(join, keys[:1], public, totals[:1]))
    else:
        made += draw(st.sampled_from(_ODD_ENDS if odd == "end" else _ENDS))
    shown = ", ".join(map(str, range(1, len(keys) + len(hidden_keys) + 2)))
    group = ", ".join(f"coalesce(({key})::VARCHAR, '')" for key in ("1", *keys))
    quoted = join.replace("hr.teams", '"hr.teams"').replace("hr.staff", '"hr.staff"')
    weight = "s.id" if any("* s.id" in total for total in totals) else "s.hours"
    everybody = f"SELECT s.id, {weight}, concat_ws('|', {group}) FROM \"hr.staff\" s{quoted}{_where(public)}"
    given = {"{n}": str(draw(st.integers(0, 17))), "{v}": draw(st.sampled_from(("2500", "8000", "60000")))}
    return Asked(_filled(made, {**given, "{all}": shown}), _filled(everybody, given))


def _some(draw: st.DrawFn, ordinary: tuple[str, ...], odd: tuple[str, ...]) -> list[str]:
    """Few, and the odd one if there is any."""
    some = draw(st.lists(st.sampled_from(ordinary), max_size=2, unique=True))[draw(st.integers(0, 2)) :]
    return some + ([draw(st.sampled_from(odd))] if odd else [])


def _select(join: str, keys: tuple[str, ...], conditions: list[str], totals: list[str]) -> str:
    shown = ", ".join([*keys, f"{totals[0]} AS total", *totals[1:]])
    by = f" GROUP BY {', '.join(keys)}" if keys else ""
    return f"SELECT {shown} FROM hr.staff s{join}{_where(conditions)}{by}"


def _where(conditions: list[str]) -> str:
    return " WHERE " + " AND ".join(conditions) if conditions else ""


def _filled(text: str, by_name: dict[str, str]) -> str:
    for name, value in by_name.items():
        text = text.replace(name, value)
    return text
