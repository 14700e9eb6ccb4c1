"""What an ingestion tells while it works and when it is done; the report is what `crewdesk ingest --json`
prints and what the record of ingestions keeps."""

from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Phase(StrEnum):
    """`checking` and `reading` count files, the first all of them, the second those that have to be parsed;
    `embedding` counts passages, its total being an estimate until all files are read; `finishing` counts
    the documents that are switched."""

    CHECKING = "checking"
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
    JUDGED = "judged"
    REINDEXED = "reindexed"
    RELABELLED = "relabelled"
    UNCHANGED = "unchanged"
    POSTPONED = "postponed"
    REMOVED = "removed"


class FileOutcome(BaseModel):
    """`judged`: the same content, but the verdict on it is another one, after a release or under other rules;
    `reindexed`: the same document, but the store had lost it; `relabelled`: only what is said about the
    document changed, such as its rights; `postponed`: it could not be read for a reason outside of it, so
    all is left as it was and tried again next time. `passages` are those it has now."""

    model_config = ConfigDict(frozen=True)

    path: str
    status: str
    reason: str | None
    change: Change
    passages: int


class IngestOutcome(StrEnum):
    APPLIED = "applied"
    BLOCKED = "blocked"
    DRY_RUN = "dry_run"


class IngestReport(BaseModel):
    """`statuses` counts the files there are, `changes` also those that went. `passages` are those served
    now; of those that are new, `embedded` were made in this run, or `to_embed` would be, which takes about
    `estimated_seconds`. `bytes` is the size of all files seen. `drift` says in what the library as a whole
    would become, or became, unlike itself: what blocked it, or a warning."""

    model_config = ConfigDict(frozen=True)

    outcome: IngestOutcome
    ingestion_id: str | None
    files: tuple[FileOutcome, ...]
    statuses: dict[str, int]
    changes: dict[str, int]
    warnings: tuple[str, ...]
    drift: tuple[str, ...]
    passages: int
    embedded: int
    to_embed: int
    estimated_seconds: float | None
    bytes: int
    seconds: float
    embedding_seconds: float
