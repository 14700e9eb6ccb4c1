"""What a statistic hands back: sentences with their figures, the rows behind them, and how far to trust
them."""

from dataclasses import dataclass

from knowledge.warehouse.result import ResultColumn, Value


@dataclass(frozen=True, slots=True)
class Statistic:
    """`findings` are sentences for people, the most important first; `method` is one sentence that names its
    source; `caveats` are what a reader has to know besides. `rows` are in the order of `columns`."""

    name: str
    findings: tuple[str, ...]
    columns: tuple[ResultColumn, ...]
    rows: tuple[tuple[Value, ...], ...]
    method: str
    caveats: tuple[str, ...] = ()
