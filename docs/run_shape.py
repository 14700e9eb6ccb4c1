"""The JSON shape of a run as the reference tells it: field, type and meaning, nested fields by their path.

Types come from `ledger.reading.RunView`; a field without a meaning here, or a meaning without a field,
stops the generation.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from docs.markdown import PageIncomplete, table
from ledger.reading import RunView

_MEANINGS = {
    "run_id": "The run's id, a UUIDv7. People see its last eight characters.",
    "workflow": "Which workflow was asked for.",
    "state": "`queued`, `running` or `waiting` while it is open; then the outcome.",
    "outcome": "`answered`, `abstained`, `escalated`, `cancelled` or `failed`; null while the run is open.",
    "principal": "Who asked, by the address in `people.yaml`.",
    "source": "Which front door took the request: `cli`, `api` or `slack`; `replay` for a repeated run.",
    "thread": "The conversation this run belongs to, if one was named.",
    "question": "What was asked.",
    "understood_as": "What a follow-up was taken for; null where the question stands alone.",
    "answer": "The answer, or why there is none; null until the run has ended, and after a failure.",
    "claims": "The answer sentence by sentence.",
    "claims[].text": "One sentence of the answer.",
    "claims[].evidence": "The ids of the evidence it rests on, such as `E1`.",
    "evidence": "What the claims cite, and nothing else the run has found.",
    "evidence[].id": "Unique in its run: `E1`, `E2` and so on.",
    "evidence[].kind": "`passage` from a search, `document` from reading on, `figures` from the warehouse.",
    "evidence[].source": "The document's path in the workspace, or the names of data products.",
    "evidence[].locator": "Where in the source.",
    "evidence[].text": "The text as it was when the run found it.",
    "evidence[].as_of": "The day the source was last updated, or the moment figures speak for, in ISO form.",
    "evidence[].details": (
        "For a passage: title, section, owner, updated, review_by, stale and more. For figures: title, "
        "columns, rows, metrics with their definitions, filters, quality, lineage and the SQL that ran."
    ),
    "how_found": "How the answer came about, in sentences made of the record.",
    "reason": (
        "Why it abstained: `nothing_found`, `low_match`, `unsupported`, `out_of_scope`, `nothing_asked` "
        "and others."
    ),
    "caveats": "What a reader should know beside the answer, such as a source that is due for review.",
    "choices": "Where the crew asks back: what the question may mean.",
    "suggestions": "After an abstention: the nearest pages the asker may read, and whom to ask.",
    "specialist": "Who answered, by title.",
    "model": "Which model spoke last for the specialist.",
    "model.name": "A candidate's name from `CREWDESK_MODELS`, or `extractive-floor`.",
    "model.fallbacks": "One sentence for each candidate that was given up, with the reason.",
    "failure": "A sentence for the person who asked, if the run failed.",
    "files": "The files to hand out: those the result names, or else all that the run made.",
    "files[].name": "What it is called.",
    "files[].media_type": "Such as `application/pdf`.",
    "files[].size_bytes": "How large it is.",
    "files[].sha256": "The SHA-256 of its bytes.",
    "files[].file": "Where its bytes lie, within `var/artifacts`.",
    "artifacts": "The files the run made, such as charts.",
    "artifacts[].name": "What it is called.",
    "artifacts[].media_type": "Such as `image/png`.",
    "artifacts[].size_bytes": "How large it is.",
    "artifacts[].sha256": "The SHA-256 of its bytes.",
    "artifacts[].file": "Where its bytes lie, within `var/artifacts`.",
    "usage": "What the run's models took.",
    "usage.input_tokens": "Tokens of all prompts.",
    "usage.output_tokens": "Tokens of all replies.",
    "usage.cost_usd": "Their price in US dollars, by the prices in `CREWDESK_MODELS`.",
    "replay_of": "The id of the run this one repeats, after `crewdesk replay`.",
    "decisions": "What the run waits for a person to settle.",
    "decisions[].id": "For `crewdesk decisions decide` and `POST /v1/decisions/{id}`.",
    "decisions[].question": "What is asked.",
    "decisions[].options": "What may be chosen.",
    "decisions[].by": "Who may: `role:manager`, `group:finance` or `person:EMAIL`.",
    "decisions[].expires_at": "When nobody may any more; null where it stays open.",
    "awaits_turn": "Whether it begins only after the run before it in its thread.",
    "created_at": "When the request was kept.",
    "finished_at": "When the run ended.",
    "timings": "How long it took, in seconds; null for what has not happened.",
    "timings.queued_s": "From the request to the first step's start.",
    "timings.running_s": "From the first step's start to the end.",
    "timings.total_s": "From the request to the end.",
    "timings.steps": "The steps of the workflow.",
    "timings.steps[].key": "The step's name in the workflow.",
    "timings.steps[].state": (
        "`blocked`, `ready`, `running`, `spread`, `waiting`, `done`, `skipped`, `failed`, `parked` or "
        "`cancelled`. A step that ran for each item of a list is followed by one for each."
    ),
    "timings.steps[].attempts": "How often a worker has begun it.",
    "timings.steps[].seconds": "How long its last attempt took.",
    "progress": "How far the run is.",
    "progress.state": "The same as `state`.",
    "progress.cancelling": "Whether it was cancelled while somebody is still at work on it.",
    "progress.done": "How many of its steps have ended.",
    "progress.total": "How many steps it has; one for each item of a list once the list is known.",
    "progress.steps": "The steps that are counted, in the workflow's order.",
    "progress.steps[].key": "The step's name in the workflow.",
    "progress.steps[].label": "What it is called for people.",
    "progress.steps[].state": "As in `timings.steps`.",
    "progress.steps[].started_at": "When its last attempt began.",
    "progress.steps[].finished_at": "When it ended.",
    "progress.steps[].due_at": "Until when it waits.",
}


def run_table() -> str:
    """Raises PageIncomplete."""
    schema = RunView.model_json_schema(mode="serialization")
    fields = dict(_fields(schema, schema.get("$defs", {}), ""))
    unmatched = sorted(fields.keys() ^ _MEANINGS.keys())
    if unmatched:
        raise PageIncomplete(f"docs/run_shape.py and RunView differ in: {', '.join(unmatched)}.")
    return table(
        ["field", "type", "meaning"], [[f"`{path}`", kind, _MEANINGS[path]] for path, kind in fields.items()]
    )


def _fields(schema: Mapping[str, Any], defs: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for name, field in schema["properties"].items():
        path = f"{prefix}{name}"
        yield path, _type_name(field)
        below, suffix = _object_in(field, defs)
        if below is not None:
            yield from _fields(below, defs, f"{path}{suffix}.")


def _type_name(field: Mapping[str, Any]) -> str:
    if "anyOf" in field:
        return " or ".join(_type_name(choice) for choice in field["anyOf"])
    if "$ref" in field:
        return "object"
    if field["type"] == "array":
        return f"list of {_type_name(field['items'])}s"
    return "date-time" if field.get("format") == "date-time" else str(field["type"])


def _object_in(field: Mapping[str, Any], defs: Mapping[str, Any]) -> tuple[Mapping[str, Any] | None, str]:
    """The shape of the objects a field holds, and what its path says of a list."""
    if field.get("type") == "array":
        return _object_in(field["items"], defs)[0], "[]"
    for choice in field.get("anyOf", [field]):
        if "$ref" in choice:
            return defs[choice["$ref"].rpartition("/")[2]], ""
    return None, ""
