"""What an ingestion tells while it works and when it is done; the report is what `crewdesk ingest --json`
prints."""

from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Phase(StrEnum):
    """`reading` counts files, `embedding` the passages of the batch at hand."""

    READING = "reading"
    EMBEDDING = "embedding"
    FINISHING = "finishing"


@dataclass(frozen=True, slots=True)
class IngestProgress:
    phase: Phase
    done: int
    total: int
    path: str | None = None


class Change(StrEnum):
    ADDED = "added"
    CHANGED = "changed"
    REINDEXED = "reindexed"
    RELABELLED = "relabelled"
    UNCHANGED = "unchanged"
    REMOVED = "removed"


class FileOutcome(BaseModel):
    """`reindexed`: the same document, but the store had lost it or was made anew; `relabelled`: only what
    is said about the document changed, such as its rights; nothing was embedded."""

    model_config = ConfigDict(frozen=True)

    path: str
    status: str
    reason: str | None
    change: Change
    passages: int


class IngestReport(BaseModel):
    """`statuses` counts the files there are, `changes` also those that went. `passages` are those served
    now, `embedded` those made anew; `bytes` is the size of all files seen."""

    model_config = ConfigDict(frozen=True)

    files: tuple[FileOutcome, ...]
    statuses: dict[str, int]
    changes: dict[str, int]
    warnings: tuple[str, ...]
    passages: int
    embedded: int
    bytes: int
    seconds: float
