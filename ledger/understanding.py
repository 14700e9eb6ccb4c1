"""What a follow-up was taken for. It is said with the answer, so that whoever asked sees how they were
understood."""

from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import update

from ledger.db import Database
from ledger.schema import RunRow


class Understood(BaseModel):
    """`question` stands alone. `reading` is the governed query that was chosen for it, where it may mean
    several. `about` are the words that the follow-up added to a question of the documents: what does not
    speak of them repeats the earlier answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: str
    reading: str | None = None
    about: str | None = None

    @property
    def said(self) -> str:
        return self.reading or self.question


def keep_understood(db: Database, run_id: str, question: str, understood: Understood | None) -> None:
    """Keeps it, masked, or that the question stands alone; unless something was added to the question."""
    kept: dict[str, Any] = {} if understood is None else understood.model_dump(mode="json")
    unset = (RunRow.id == run_id, RunRow.understood.is_(None), RunRow.question == question)
    with db.record() as session:
        session.execute(update(RunRow).where(*unset).values(understood=kept))
