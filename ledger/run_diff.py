"""How two runs of one question differ: outcome, claims, model, tokens, cost."""

from pydantic import BaseModel, ConfigDict

from ledger.db import Database
from ledger.reading import RunView
from ledger.spans import list_spans


class Difference(BaseModel):
    """`what` names the field; `before` is the original's."""

    model_config = ConfigDict(frozen=True)

    what: str
    before: str
    after: str


class ReplayDiff(BaseModel):
    """`diverged` tells where a replay from the record took another course than its original. What it cost is
    no part of `same`, as a record costs nothing, and how long it took is of the machine."""

    model_config = ConfigDict(frozen=True)

    same: bool
    differences: tuple[Difference, ...]
    lost_claims: tuple[str, ...]
    new_claims: tuple[str, ...]
    diverged: tuple[str, ...]


def diff_of(db: Database, original: RunView, replay: RunView) -> ReplayDiff:
    told = _told(original), _told(replay)
    took = _took(original), _took(replay)
    before, after = _claims(original), _claims(replay)
    diverged = tuple(
        f"{span.input['step']}: {difference}"
        for span in list_spans(db, replay.run_id)
        if span.kind == "check" and span.name == "replay"
        for difference in span.output["diverged"]
    )
    return ReplayDiff(
        same=told[0] == told[1] and before == after,
        differences=(*_differences(*told), *_differences(*took)),
        lost_claims=tuple(claim for claim in before if claim not in after),
        new_claims=tuple(claim for claim in after if claim not in before),
        diverged=diverged,
    )


def _told(run: RunView) -> dict[str, str]:
    return {
        "outcome": run.outcome or run.state,
        "reason": run.reason or "-",
        "answer": run.answer or run.failure or "-",
        "specialist": run.specialist or "-",
    }


def _took(run: RunView) -> dict[str, str]:
    fallbacks = [] if run.model is None else list(run.model.fallbacks)
    return {
        "model": "-" if run.model is None else run.model.name,
        "fallbacks": "; ".join(fallbacks) or "-",
        "tokens": f"{run.usage.input_tokens:,} in, {run.usage.output_tokens:,} out",
        "cost": f"{run.usage.cost_usd:.6f} USD",
    }


def _differences(before: dict[str, str], after: dict[str, str]) -> list[Difference]:
    return [
        Difference(what=what, before=value, after=after[what])
        for what, value in before.items()
        if after[what] != value
    ]


def _claims(run: RunView) -> list[str]:
    """With what each stands on: labels are of one run, sources of all."""
    sources = {item.id: f"{item.source} ({item.locator})" for item in run.evidence}
    return [
        f"{claim.text} [{', '.join(sources.get(label, label) for label in claim.evidence)}]"
        for claim in run.claims
    ]
