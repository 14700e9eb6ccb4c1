"""Who works on a run: the crews, tools and models it began with.

The first crew step of a run pins them by the hash of their content; later steps work with these even where
the worker has newer ones. A crew's spec is kept in the ledger for that. Code cannot be kept: a tool that
has changed since fails the step with a sentence, and a model that is gone is not asked.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from pydantic import BaseModel

from crews.errors import PinGone, UnknownCrew
from crews.floor.turn import FloorPlan
from crews.help_desk.output import DraftAnswer
from crews.output_schema import output_model
from crews.specs import CrewSpec
from crews.step_context import StepContext
from crews.tools.gate import ToolSpec
from crews.workspace_crews import floor_of
from ledger.db import Database
from ledger.pins import Pins, pin_run, pinned_spec
from ledger.settings import ModelCandidate
from ledger.steps import ClaimedStep
from ledger.workflow import content_hash

_RUNS_REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class CrewParts:
    """A crew as it can be run: its spec, the shape of its output, and how the floor speaks for it. `by_rule`
    gives the output of what needs no model, and None for everything else."""

    spec: CrewSpec
    output: type[BaseModel]
    floor_plan: FloorPlan
    by_rule: Callable[[StepContext], BaseModel | None] | None = None


def parts_of(spec: CrewSpec) -> CrewParts:
    """Of a workspace's crew, for which its spec says everything."""
    output = output_model(spec.name, spec.output) if spec.output else DraftAnswer
    return CrewParts(spec, output, floor_of(spec))


class Cast:
    """What this worker has, and what of it a run may use."""

    def __init__(
        self,
        crews: Mapping[str, CrewParts],
        tools: Mapping[str, ToolSpec],
        candidates: Sequence[ModelCandidate],
    ) -> None:
        self._crews = crews
        self._candidates = candidates
        self._specs = {content_hash(part.spec): part.spec for part in crews.values()}
        self._pins = Pins(
            crews={name: content_hash(part.spec) for name, part in crews.items()},
            tools={name: tool_version(tool) for name, tool in tools.items()},
            models={candidate.name: model_version(candidate) for candidate in candidates},
        )
        # A step asks more than once, and what a run was pinned to never changes.
        self._pin = lru_cache(_RUNS_REMEMBERED)(self._pin_run)

    def pins_of(self, db: Database, claim: ClaimedStep) -> Pins:
        """Those of the run, which are ours if it has none yet."""
        return claim.pins or self._pin(db, claim.run_id)

    def _pin_run(self, db: Database, run_id: str) -> Pins:
        return pin_run(db, run_id, self._pins, self._specs)

    def parts(self, db: Database, pins: Pins, name: str) -> CrewParts:
        """Raises UnknownCrew, PinGone."""
        version = pins.crews.get(name)
        if version is None:
            raise UnknownCrew(f"There was no crew called '{name}' when this run began.")
        parts = self._crews.get(name)
        if parts is None or self._pins.crews[name] != version:
            parts = self._earlier(db, name, version)
        for tool in parts.spec.tools:
            if pins.tools.get(tool) != self._pins.tools.get(tool, ""):
                raise PinGone(
                    f"This began with the tool '{tool}' as it was before an update, and that one is gone; "
                    "please ask again."
                )
        return parts

    def candidates(self, pins: Pins) -> list[ModelCandidate]:
        return [one for one in self._candidates if pins.models.get(one.name) == model_version(one)]

    def _earlier(self, db: Database, name: str, version: str) -> CrewParts:
        kept = pinned_spec(db, version)
        if kept is None:
            raise PinGone(f"This began with a version of '{name}' that is no longer known; please ask again.")
        spec = CrewSpec.model_validate(kept)
        current = self._crews.get(name)
        if current is None or spec.output is not None or current.spec.output is not None:
            return parts_of(spec)
        return replace(current, spec=spec)


def tool_version(tool: ToolSpec) -> str:
    schema = tool.arguments.model_json_schema()
    parts = [tool.name, tool.description, schema, tool.effect, tool.right]
    return _hash([*parts, tool.declaration] if tool.declaration else parts)


def model_version(candidate: ModelCandidate) -> str:
    """Of which model is meant, not of how it is reached: a new key or time limit is no other model."""
    return _hash([candidate.name, candidate.model, candidate.base_url])


def _hash(parts: list[Any]) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:16]
