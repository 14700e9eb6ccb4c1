"""A thread as one of its people sees it: one frozen shape for the terminal's `--json` and the API.

Renaming or removing a field here breaks other people's programs; adding one does not.
"""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from ledger.conversations import Turn, read_thread
from ledger.db import Database
from ledger.inbox import Source
from ledger.people import Principal


class FactView(BaseModel):
    """`as_of` is the oldest day its sources speak for."""

    model_config = ConfigDict(frozen=True)

    text: str
    sources: tuple[str, ...]
    as_of: str | None


class TurnView(BaseModel):
    """`answer` is None while there is none, and where the reader may not know all of it: then it is
    `left_out`, and `facts` are those they may know."""

    model_config = ConfigDict(frozen=True)

    run_id: str
    at: datetime
    speaker: str
    question: str
    understood_as: str | None
    state: str
    answer: str | None
    facts: tuple[FactView, ...]
    left_out: bool


class OpenQuestion(BaseModel):
    """What was asked back and not answered yet."""

    model_config = ConfigDict(frozen=True)

    run_id: str
    question: str
    choices: tuple[str, ...]


class ThreadView(BaseModel):
    """The oldest turn first."""

    model_config = ConfigDict(frozen=True)

    thread: str
    turns: tuple[TurnView, ...]
    open_question: OpenQuestion | None


def get_thread_for(db: Database, name: str, reader: Principal, source: Source | None = None) -> ThreadView:
    """Of any source where none is given: the one they wrote in last. Raises NotFound also where they wrote
    nothing, so that nobody learns it exists."""
    conversation = read_thread(db, name, reader, source)
    asked_back = conversation.open_question
    return ThreadView(
        thread=name,
        turns=tuple(_turn(turn) for turn in conversation.turns),
        open_question=None
        if asked_back is None
        else OpenQuestion(
            run_id=asked_back.run_id, question=asked_back.answer or "", choices=asked_back.choices
        ),
    )


def _turn(turn: Turn) -> TurnView:
    return TurnView(
        run_id=turn.run_id,
        at=turn.at,
        speaker=turn.speaker,
        question=turn.asked,
        understood_as=None if turn.understood is None else turn.understood.said,
        state=turn.outcome,
        answer=turn.answer,
        facts=tuple(FactView(text=item.text, sources=item.sources, as_of=item.as_of) for item in turn.facts),
        left_out=turn.left_out,
    )
