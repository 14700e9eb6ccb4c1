"""Opens a decision: what is asked and of whom, made of what earlier steps put out.

Such output comes from models and from text that others wrote, so what people are shown of it is bounded and
inert, and what does not fit fails the step instead of leaving a question nobody can answer.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from ledger.condition import value_at
from ledger.db import now_in
from ledger.deciders import deciders, in_words
from ledger.decision_messages import owe_questions
from ledger.ids import new_id
from ledger.masking import mask_text
from ledger.outgoing import inert
from ledger.schema import DecisionRow, DecisionState, RunRow, StepRow
from ledger.step_plan import StepUnfit
from ledger.workflow import DECIDER, FEWEST_OPTIONS, MOST_OPTIONS, PLACE, AskPerson

LONGEST_OPTION = 75
LONGEST_DETAIL = 20_000
_LONGEST_FILLING = 200


def open_decision(
    session: Session, step: StepRow, ask: AskPerson, inputs: Mapping[str, Any]
) -> datetime | None:
    """Returns when it expires. Raises StepUnfit."""
    now = now_in(session)
    expires_at = None if ask.expires_s is None else now + timedelta(seconds=ask.expires_s)
    by = _by(step.key, ask, inputs)
    run = session.get_one(RunRow, step.run_id)
    if by != ask.by and expires_at is None and session.scalar(deciders(by, run).limit(1)) is None:
        raise StepUnfit(
            f"The step '{step.key}' asks {in_words(by)}, and nobody but the asker is meant by that."
        )
    if ask.about is not None and value_at(ask.about, inputs) is None:
        raise StepUnfit(f"The step '{step.key}' asks about '{ask.about}', which is not there.")
    row = DecisionRow(
        id=new_id(),
        run_id=run.id,
        step_id=step.id,
        question=_filled(step.key, ask.question, inputs),
        options=_options(step.key, ask, inputs),
        by=by,
        state=DecisionState.OPEN,
        asked_at=now,
        expires_at=expires_at,
        why=None if ask.why is None else _filled(step.key, ask.why, inputs),
        detail=None if ask.detail is None else _detail(step.key, ask.detail, inputs),
        digest=None if ask.about is None else digest_at(ask.about, inputs),
        readers=None if ask.readers is None else _readers(step.key, ask.readers, inputs),
    )
    # It refers to its step, which may be as new.
    session.flush()
    session.add(row)
    owe_questions(session, row, run)
    return expires_at


def digest_at(path: str, inputs: Mapping[str, Any]) -> str:
    """The SHA-256 of what is there, as JSON with sorted keys."""
    content = json.dumps(value_at(path, inputs), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()


def _options(key: str, ask: AskPerson, inputs: Mapping[str, Any]) -> list[str]:
    if not isinstance(ask.options, str):
        return list(ask.options)
    options = value_at(ask.options, inputs)
    fits = isinstance(options, list) and FEWEST_OPTIONS <= len(options) <= MOST_OPTIONS
    if not fits or not all(_is_option(option) for option in options) or len(set(options)) < len(options):
        raise StepUnfit(
            f"The step '{key}' offers '{ask.options}', which is not a list of {FEWEST_OPTIONS} to "
            f"{MOST_OPTIONS} different short texts."
        )
    return list(options)


def _is_option(option: Any) -> bool:
    """Whether people see exactly what is chosen: nothing of it is left out or made inert."""
    if not isinstance(option, str) or not 1 <= len(option) <= LONGEST_OPTION:
        return False
    return _one_line(option) == option


def _by(key: str, ask: AskPerson, inputs: Mapping[str, Any]) -> str:
    if ":" in ask.by:
        return ask.by
    by = value_at(ask.by, inputs)
    if not isinstance(by, str) or re.fullmatch(DECIDER, by) is None:
        raise StepUnfit(f"The step '{key}' asks '{ask.by}', which is no role, group or person.")
    return by


def _filled(key: str, words: str, inputs: Mapping[str, Any]) -> str:
    def fill(place: re.Match[str]) -> str:
        value = value_at(place[1], inputs)
        if not isinstance(value, str | int | float):
            raise StepUnfit(f"The step '{key}' tells '{place[1]}', which is neither a text nor a number.")
        line = _one_line(str(value))
        return line if len(line) <= _LONGEST_FILLING else f"{line[: _LONGEST_FILLING - 1]}…"

    return PLACE.sub(fill, words)


def _detail(key: str, path: str, inputs: Mapping[str, Any]) -> str:
    text = value_at(path, inputs)
    if not isinstance(text, str):
        raise StepUnfit(f"The step '{key}' shows '{path}', which is not a text.")
    shown = mask_text(inert(text))
    if len(shown) <= LONGEST_DETAIL:
        return shown
    return f"{shown[:LONGEST_DETAIL]}\n\n(Shortened: {len(shown):,} characters in all.)"


def _readers(key: str, path: str, inputs: Mapping[str, Any]) -> list[list[str]]:
    """The step before reckons them from the stored rights of its evidence."""
    lists = value_at(path, inputs)
    if not isinstance(lists, list) or not all(_are_names(groups) for groups in lists):
        raise StepUnfit(f"The step '{key}' has '{path}', which is not a list of lists of groups.")
    return lists


def _are_names(groups: Any) -> bool:
    return isinstance(groups, list) and all(isinstance(name, str) for name in groups)


def _one_line(text: str) -> str:
    return mask_text(" ".join(inert(text).split()))
