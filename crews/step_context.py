"""All that the work on one step may use, and what it has used so far."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from crews.errors import BudgetExceeded, DeadlineExceeded, StepCancelled
from crews.run_mask import RunMask
from crews.specs import DocumentCollection, Limits
from crews.tools.untrusted import draw_boundary
from knowledge.library import Library
from knowledge.relevance.similarity import Similarity, similarity_from
from knowledge.search.access import AccessScope
from ledger.artifacts import ArtifactStore
from ledger.conversations import Conversation
from ledger.db import Database
from ledger.errors import InvalidInput, NotFound, WorkspaceInvalid
from ledger.evidence import Evidence, Finding, record_evidence
from ledger.log import get_logger
from ledger.spans import SpanRecorder
from ledger.spending import MICROS, Usage
from ledger.steps import ClaimedStep

if TYPE_CHECKING:
    from crews.number_desk import NumberDesk
    from crews.triage.desk import Triaged, TriageDesk
    from crews.web_desk import WebDesk
    from knowledge.warehouse.resolve.suggest import Suggestions


_log = get_logger(__name__)


@dataclass(slots=True)
class Budget:
    """Counts what one step uses. Thread-safe: CrewAI may run tool calls side by side. Whoever sets
    `cancelled` ends every wait of the step, and the step itself at its next model or tool call."""

    limits: Limits
    deadline: float
    model_calls: int = 0
    tool_calls: int = 0
    used: Usage = field(default_factory=Usage)
    cancelled: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def remaining_s(self) -> float:
        return self.deadline - time.monotonic()

    def wait(self, seconds: float) -> None:
        """Raises StepCancelled as soon as the step is cancelled."""
        if self.cancelled.wait(seconds):
            raise StepCancelled("The step was cancelled.")

    def add_usage(self, used: Usage) -> None:
        with self._lock:
            self.used += used

    def reached_by(self, next_call: Usage) -> str | None:
        """Which limit of the step one more call may go past, in words; None if it fits."""
        after = self.used + next_call
        most_tokens, most_cost = self.limits.max_tokens, self.limits.max_cost
        if most_tokens is not None and after.input_tokens + after.output_tokens > most_tokens:
            return f"used up the {most_tokens:,} tokens of this step"
        if most_cost is not None and after.micro_usd > most_cost * MICROS:
            return f"used up the {most_cost} USD of this step"
        return None

    def spend_model_call(self) -> None:
        """Raises BudgetExceeded, DeadlineExceeded or StepCancelled."""
        with self._lock:
            self._check_deadline()
            if self.model_calls >= self.limits.model_calls:
                raise BudgetExceeded(
                    f"The specialist used up its {self.limits.model_calls} model calls without finishing."
                )
            self.model_calls += 1

    def renew_calls(self) -> None:
        """Another candidate begins anew: it is not to go short because of what one that failed has spent."""
        with self._lock:
            self.model_calls = self.tool_calls = 0

    def spend_tool_call(self) -> None:
        """Raises BudgetExceeded, DeadlineExceeded or StepCancelled."""
        with self._lock:
            self._check_deadline()
            if self.tool_calls >= self.limits.tool_calls:
                raise BudgetExceeded(
                    f"The specialist used up its {self.limits.tool_calls} tool calls without finishing."
                )
            self.tool_calls += 1

    def check_cancelled(self) -> None:
        """Raises StepCancelled."""
        if self.cancelled.is_set():
            raise StepCancelled("The step was cancelled.")

    def _check_deadline(self) -> None:
        self.check_cancelled()
        if self.remaining_s() <= 0:
            raise DeadlineExceeded("The specialist ran out of time before it could finish.")


@dataclass(slots=True)
class StepContext:
    """Made anew for every attempt of a step; `parent_span` is the crew's span while a crew is at work. The
    question of its claim is masked and stands alone; `asked` is what was written. `collection` is all its
    crew may find documents in. `conversation` is what may be known of its thread, unmasked; `heard_others` is
    set once a prompt holds what others wrote there. `boundary` marks what others wrote where a model sees it;
    `effect_key` is what a tool that changes something tells the other side, so that it can see a
    repetition; `awaits_decision` is set once a person is to be asked about a call."""

    db: Database
    claim: ClaimedStep
    recorder: SpanRecorder
    library: Callable[[], Library]
    budget: Budget
    mask: RunMask
    desk: "Callable[[], NumberDesk] | None" = None
    triage_desk: "Callable[[], TriageDesk | None] | None" = None
    web_desk: "Callable[[], WebDesk] | None" = None
    artifacts: ArtifactStore | None = None
    asked: str = ""
    conversation: Conversation = field(default_factory=Conversation)
    heard_others: bool = False
    parent_span: str | None = None
    collection: DocumentCollection | None = None
    evidence: list[Evidence] = field(default_factory=list)
    tools_called: list[str] = field(default_factory=list)
    tools_unavailable: bool = False
    # What the searches of this step came to: how relevant the best passage was, and whether there was more
    # that the audience may not read.
    best_relevance: float | None = None
    withheld: bool = False
    boundary: str = field(default_factory=draw_boundary)
    effect_key: str | None = None
    awaits_decision: bool = False
    effects_asked: dict[str, dict[str, int]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def access(self) -> AccessScope:
        """What this run may read: computed from the principal and the audience, never by a model."""
        clearance = self.claim.audience_groups
        return AccessScope(self.claim.principal.groups, () if clearance is None else (clearance,))

    @property
    def numbers(self) -> "NumberDesk":
        """Raises NotLoaded where there is nothing to take a figure from."""
        if self.desk is None:
            raise NotFound("There are no figures here: the workspace has no data catalog.")
        return self.desk()

    @property
    def triage(self) -> "TriageDesk":
        """Raises NotFound where the workspace declares no triage, or one that cannot be used."""
        desk = self.triage_here()
        if desk is None:
            raise NotFound("There is no triage here: the workspace has no folder triage/.")
        return desk

    @property
    def web(self) -> "WebDesk":
        """Raises NotFound where none is set up, and WorkspaceInvalid."""
        if self.web_desk is None:
            raise NotFound("Nothing can be looked up in the web here: CREWDESK_WEB_SEARCH_URL is not set.")
        return self.web_desk()

    def suggest(self, part: str | None = None) -> "Suggestions | None":
        """Which governed queries the question, or this part of it, may mean; None where the workspace has no
        catalog, or one that cannot be used: what the documents answer is answered all the same."""
        if self.desk is None:
            return None
        question = self.mask.reveal(part or self.claim.question)
        try:
            return self.meant_by(self.desk().suggest(self.access, question, self.db.clock.now()))
        except (WorkspaceInvalid, NotFound) as error:
            _log.info("catalog_unusable", reason=str(error))
            return None

    def triaged(self) -> "Triaged | None":
        """What kind of request the question is; None where there is no triage."""
        desk = self.triage_here()
        try:
            return desk.triage(self.mask.reveal(self.claim.question)) if desk else None
        except InvalidInput as error:
            _log.warning("triage_unusable", reason=str(error))
            return None

    def triage_here(self) -> "TriageDesk | None":
        """None where the workspace has no triage, or one that cannot be used: what the documents answer is
        answered all the same."""
        try:
            return self.triage_desk() if self.triage_desk else None
        except WorkspaceInvalid as error:
            _log.warning("triage_unusable", reason=str(error))
            return None

    def complete(self, previous: str, fragment: str) -> str | None:
        """An earlier question with what the fragment of a follow-up names in place of its own, if the catalog
        explains all of it."""
        if self.desk is None:
            return None
        try:
            return self.desk().complete(self.access, previous, fragment, self.db.clock.now())
        except (WorkspaceInvalid, NotFound) as error:
            _log.info("catalog_unusable", reason=str(error))
            return None

    def meant_by(self, suggestions: "Suggestions") -> "Suggestions":
        """With what the asker has chosen, where we had asked which of several they meant."""
        understood = self.claim.understood
        if understood is None or understood.reading is None:
            return suggestions
        return suggestions.settled(self.mask.reveal(understood.reading))

    @property
    def similarity(self) -> Similarity:
        return similarity_from(self.library)

    def note_search(self, relevance: float | None, *, withheld: bool) -> None:
        with self._lock:
            self.withheld |= withheld
            if relevance is not None:
                self.best_relevance = max(relevance, self.best_relevance or 0.0)

    def recall_evidence(self, items: Sequence[Evidence]) -> Sequence[Evidence]:
        """What an earlier step of the run found becomes evidence of this one too, under its labels."""
        with self._lock:
            held = {item.label for item in self.evidence}
            self.evidence.extend(item for item in items if item.label not in held)
            return items

    def begin_effects(self) -> None:
        """Another go at the step begins: its first effect is the first again, and so is seen as a
        repetition."""
        with self._lock:
            self.effects_asked.clear()

    def effect_position(self, tool: str, digest: str) -> tuple[int, bool]:
        """Of this request among the different ones this go made of a tool, and whether it made it before."""
        with self._lock:
            asked = self.effects_asked.setdefault(tool, {})
            free = next(number for number in count() if number not in asked.values())
            return asked.setdefault(digest, free), asked[digest] != free

    def forget_effect(self, tool: str, digest: str) -> None:
        """It was not done, so the next one takes its place."""
        with self._lock:
            self.effects_asked[tool].pop(digest, None)

    def add_evidence(self, findings: list[Finding], labels: Sequence[str] = ()) -> list[Evidence]:
        """`labels` as for `record_evidence`."""
        with self._lock:
            recorded = record_evidence(self.db, self.claim, findings, labels)
            known = {item.label for item in self.evidence}
            self.evidence.extend(item for item in recorded if item.label not in known)
            return recorded
