"""What a section of the benchmarks comes back with: numbers, and the bars some of them must clear."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, computed_field


class Bar(BaseModel):
    """`below` is strict, the others are not."""

    model_config = ConfigDict(frozen=True)

    sense: Literal["below", "at_most", "at_least"]
    limit: float

    def is_cleared_by(self, value: float) -> bool:
        if self.sense == "at_least":
            return value >= self.limit
        return value < self.limit if self.sense == "below" else value <= self.limit


class Measurement(BaseModel):
    """One number. Those without a bar are there to explain the ones with."""

    model_config = ConfigDict(frozen=True)

    what: str
    value: float
    unit: Literal["s", "ms", "MB", "bytes", "per s", "x"]
    bar: Bar | None = None
    note: str = ""

    @computed_field  # type: ignore[prop-decorator]  # mypy knows no decorated property
    @property
    def holds(self) -> bool | None:
        return None if self.bar is None else self.bar.is_cleared_by(self.value)


class SectionReport(BaseModel):
    """`failure` says why there are no measurements."""

    model_config = ConfigDict(frozen=True)

    name: str
    title: str
    measurements: tuple[Measurement, ...] = ()
    failure: str | None = None


class BenchReport(BaseModel):
    """`load` is the machine's load average of the last minute before the first section: how many others were
    at work."""

    model_config = ConfigDict(frozen=True)

    python: str
    cores: int
    load: float
    seconds: float
    sections: tuple[SectionReport, ...]


def below(limit: float) -> Bar:
    return Bar(sense="below", limit=limit)


def at_most(limit: float) -> Bar:
    return Bar(sense="at_most", limit=limit)


def at_least(limit: float) -> Bar:
    return Bar(sense="at_least", limit=limit)
