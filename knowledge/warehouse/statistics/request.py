"""What statistic somebody wants of a result, as a tool or a command takes it."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from knowledge.warehouse.result import NumberResult
from knowledge.warehouse.statistics.anomalies import find_anomalies
from knowledge.warehouse.statistics.correlation import correlate
from knowledge.warehouse.statistics.decomposition import decompose_change
from knowledge.warehouse.statistics.forecast import forecast
from knowledge.warehouse.statistics.ratio_change import decompose_ratio
from knowledge.warehouse.statistics.statistic import Statistic
from knowledge.warehouse.statistics.summary import summarize
from knowledge.warehouse.statistics.trend import find_trend

StatisticKind = Literal["summary", "trend", "decomposition", "correlation", "anomalies", "forecast"]

_FIELDS: dict[StatisticKind, frozenset[str]] = {
    "summary": frozenset({"metric"}),
    "trend": frozenset({"metric", "time"}),
    "decomposition": frozenset({"metric", "dimension", "numerator", "denominator"}),
    "correlation": frozenset({"metric", "other"}),
    "anomalies": frozenset({"metric", "time"}),
    "forecast": frozenset({"metric", "time", "horizon"}),
}


class StatisticRequest(BaseModel):
    """All columns by name or label. `metric` may be left out where the result has one; `horizon` counts
    periods. A ratio is taken apart by its `numerator` and `denominator` in place of `metric`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: StatisticKind
    metric: str | None = Field(default=None, max_length=200)
    other: str | None = Field(default=None, max_length=200)
    time: str | None = Field(default=None, max_length=200)
    dimension: str | None = Field(default=None, max_length=200)
    numerator: str | None = Field(default=None, max_length=200)
    denominator: str | None = Field(default=None, max_length=200)
    horizon: int | None = Field(default=None, ge=1, le=1000)

    @model_validator(mode="after")
    def _check(self) -> Self:
        given = {name for name in type(self).model_fields if getattr(self, name) is not None} - {"kind"}
        strange = given - _FIELDS[self.kind]
        if strange:
            known = ", ".join(sorted(_FIELDS[self.kind]))
            raise ValueError(f"{self.kind} takes no `{min(strange)}`; it takes {known}")
        if self.kind == "correlation" and not (self.metric and self.other):
            raise ValueError("correlation needs `metric` and `other`")
        if (self.numerator is None) != (self.denominator is None):
            raise ValueError("a ratio needs both `numerator` and `denominator`")
        if self.numerator is not None and self.metric is not None:
            raise ValueError("give `metric`, or `numerator` and `denominator`")
        return self


def compute_statistic(result: NumberResult, request: StatisticRequest) -> Statistic:
    """Raises QueryRefused, in a sentence that says what is needed."""
    if request.kind == "summary":
        return summarize(result, request.metric)
    if request.kind == "trend":
        return find_trend(result, request.metric, request.time)
    if request.kind == "correlation":
        return correlate(result, request.metric or "", request.other or "")
    if request.kind == "anomalies":
        return find_anomalies(result, request.metric, request.time)
    if request.kind == "forecast":
        return forecast(result, request.metric, request.time, request.horizon)
    if request.numerator is not None and request.denominator is not None:
        return decompose_ratio(result, request.numerator, request.denominator, request.dimension)
    return decompose_change(result, request.metric, request.dimension)
