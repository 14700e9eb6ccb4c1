"""The triage of a workspace, one for a process and for any run: classify, prioritise, check, open tickets.

Nothing here is decided by a model: the category is learned from the workspace's examples, all else is rules.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from crews.triage.help_cues import reports_loss
from crews.triage.look_alikes import find_look_alikes, watch_for_incident
from crews.triage.priority import Priority, judge_priority
from crews.triage.spec import Category, TriageSpec
from crews.triage.systems import System, SystemsFile
from knowledge.classifier.labels import Guess
from knowledge.library import Library
from knowledge.relevance.similarity import similarity_from
from ledger.db import Database
from ledger.errors import InvalidInput
from ledger.people import Principal
from ledger.ticket_views import IncidentMention
from ledger.tickets import OpenedTicket, TicketRequest, open_ticket

if TYPE_CHECKING:
    from knowledge.classifier.model import Classifier

FOLDER = "classifier"
_LONGEST_TITLE = 100
_MOST_LINKED = 5


@dataclass(frozen=True, slots=True)
class Triaged:
    """`guesses` are the three likeliest categories, best first, and `category` is the first of them, or that
    of losses for what is lost or stolen. A request that is not in scope, or of which the classifier is not
    `sure`, is for a person to decide."""

    guesses: tuple[Guess, ...]
    category: Category
    in_scope: bool
    sure: bool
    priority: Priority
    systems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Filed:
    """A ticket that was opened, now or by an earlier try, and the incident it turned out to be part of."""

    ticket: OpenedTicket
    similar: tuple[int, ...]
    incident: IncidentMention | None


@dataclass(slots=True)
class TriageDesk:
    """Safe to share between threads. The classifier is trained, or read from `var`, at the first request."""

    db: Database
    spec: TriageSpec
    systems: SystemsFile | None
    library: Callable[[], Library]
    var: Path
    _trained: "Classifier | None" = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def classifier(self) -> "Classifier":
        """Raises InvalidInput where there is too little to learn from."""
        # Imported by the first request: scikit-learn takes a second.
        from knowledge.classifier.kept import open_classifier

        with self._lock:
            if self._trained is None:
                library = self.library()
                self._trained = open_classifier(
                    self.var / FOLDER, self.spec.examples, library.embedder.name, library.vectors
                )
            return self._trained

    def triage(self, text: str) -> Triaged:
        """Raises InvalidInput for a request without a word."""
        words = " ".join(text.split())
        if not words:
            raise InvalidInput("There is nothing to triage: the request is empty.")
        [found] = self.classifier().classify([words], self.library().vectors([words]))
        lost = self._of_losses() if reports_loss(words) else None
        category = lost or self.spec.category(found.best.label)
        named = self.systems.find(words) if self.systems else ()
        return Triaged(
            guesses=found.guesses,
            category=category,
            in_scope=found.in_scope or lost is not None,
            sure=lost is not None or (found.in_scope and found.best.probability >= self.spec.file.sure_from),
            priority=judge_priority(text, self.spec.file, category),
            systems=tuple(system.name for system in named),
        )

    def file_ticket(
        self,
        principal: Principal,
        text: str,
        category: Category,
        priority: Priority,
        key: str,
        run_id: str | None,
        *,
        access_to: System | None = None,
    ) -> Filed:
        """Opens the ticket once for its key, links those like it, and gathers an incident if it is one of
        many. `text` has its personal data masked. One that asks for access goes to the system's owners.
        Raises NotPermitted, TicketKeyReused."""
        similarity = similarity_from(self.library)
        near = find_look_alikes(self.db, text, similarity, category=category.name)
        request = TicketRequest(
            title=title_of(f"Access to {access_to.name}: {text}" if access_to else text),
            text=text,
            category=category.name,
            priority=priority.level,
            priority_reason=priority.reason,
            group=(access_to.owner.group if access_to else None) or category.group,
            run_id=run_id,
            similar=tuple(each.ticket.number for each in near[:_MOST_LINKED]),
        )
        opened = open_ticket(self.db, principal, request, key)
        if access_to is not None:
            # Several who lack access report no trouble.
            return Filed(opened, _but(request.similar, opened.number), None)
        incident = watch_for_incident(self.db, text, category.name, self._matter(text, category), similarity)
        return Filed(opened, _but(request.similar, opened.number), incident)

    def _of_losses(self) -> Category | None:
        return next((one for one in self.spec.file.categories if one.takes_losses), None)

    def _matter(self, text: str, category: Category) -> str:
        """What an incident is called: the system it is about, or else its category."""
        named = self.systems.find(text) if self.systems else ()
        return named[0].name if named else category.title


def _but(numbers: tuple[int, ...], own: int) -> tuple[int, ...]:
    return tuple(number for number in numbers if number != own)


def title_of(text: str) -> str:
    """The first words of a request, cut between two of them."""
    line = " ".join(text.split())
    if len(line) <= _LONGEST_TITLE:
        return line
    return line[:_LONGEST_TITLE].rsplit(" ", 1)[0].rstrip(".,;: ") + " ..."
