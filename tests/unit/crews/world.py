"""A small company with four documents, and the means to let its crews work on one question at a time.

The embedder and the search store are real and shared by all tests; each test has a ledger of its own.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crews.bootstrap import build_step_runner, publish_shipped_workflows
from crews.step_runner import StepRunner
from knowledge.ingest import ingest
from knowledge.library import Library
from knowledge.search.edge_store import EdgeStore
from knowledge.search.port import PassageStore
from ledger.call_decisions import REJECT
from ledger.db import Database
from ledger.decisions import decide
from ledger.migrate import migrate
from ledger.people import find_principal, sync_people
from ledger.reading import RunView, get_run_for_delivery
from ledger.relay import Relay
from ledger.runs import RunRequest, submit_run
from ledger.schema import OPEN_RUN_STATES
from ledger.settings import ModelCandidate, WorkerSettings
from ledger.spans import Span, list_spans
from ledger.steps import ClaimedStep, claim_step
from ledger.workspace import Workspace, open_workspace
from tests.model_cache import packaged_embedder
from tests.stand_ins.provider import ScriptedProvider

STAFF = "staff@shop.example"
FINANCE = "finance@shop.example"
NOBODY = "nobody@shop.example"
ENGINEER = "engineer@shop.example"

LEAVE_QUESTION = "How many days of annual leave do full-time staff have?"
BONUS_QUESTION = "How large is the winter bonus pool?"
UNRELATED_QUESTION = "Who won the chess tournament on the moon?"

_PEOPLE = """\
groups: {everyone: All of us, finance: Money}
people:
  - {email: staff@shop.example, name: Staff, groups: [everyone]}
  - {email: finance@shop.example, name: Finance, groups: [everyone, finance]}
  - {email: nobody@shop.example, name: Nobody, groups: [everyone], roles: []}
  - {email: engineer@shop.example, name: Engineer, groups: [everyone], roles: [engineer]}
"""

_DOCUMENTS = {
    "leave.md": """\
---
title: Annual leave
owner: people-team@shop.example
updated: 2026-01-05
review_by: 2099-01-01
---
# Annual leave

Full-time staff have 27 days of annual leave in a calendar year. Leave is requested in the portal by 09:30 on
the day before. Unused leave of up to 5 days moves into the next year.
""",
    "vpn.md": """\
---
title: Setting up the VPN
owner: it-desk@shop.example
updated: 2024-02-01
review_by: 2025-02-01
---
# Setting up the VPN

Install the VPN client from the software kiosk and sign in with your staff number. The client asks for a code
from your phone. Setting up the VPN takes about 10 minutes.
""",
    "vpn-at-home.md": """\
---
title: VPN at home
owner: facilities@shop.example
updated: 2026-03-01
review_by: 2099-01-01
---
# Setting up the VPN at home

Install the VPN client from the software kiosk before you leave the shop. Setting up the VPN at home takes
about 15 minutes.
""",
    "finance/bonus.md": """\
---
title: Bonus pool
owner: books@shop.example
groups: [finance]
updated: 2026-02-01
review_by: 2099-01-01
---
# Winter bonus pool

The winter bonus pool is 1,250,000 EUR. It is paid out in December.
""",
}


@dataclass(frozen=True, slots=True)
class Shop:
    """The ingested workspace: copies of its database are what tests work on."""

    workspace: Workspace
    database: Path
    store: PassageStore


@contextmanager
def opened_shop(folder: Path, documents: Mapping[str, str] = _DOCUMENTS) -> Iterator[Shop]:
    (folder / "documents" / "finance").mkdir(parents=True)
    (folder / "workspace.yaml").write_text("name: Shop\n")
    (folder / "people.yaml").write_text(_PEOPLE)
    for name, text in documents.items():
        (folder / "documents" / name).write_text(text)
    workspace = open_workspace(folder)
    path = folder / "ledger.db"
    db = Database(f"sqlite:///{path}")
    migrate(db)
    sync_people(db, workspace.people)
    publish_shipped_workflows(db)
    library = Library(db, EdgeStore(folder / "search"), packaged_embedder())
    report = ingest(db, workspace, library, lambda _progress: None)
    assert report.passages == len(documents)
    db.close()
    yield Shop(workspace, path, library.store)
    library.close()


@dataclass(slots=True)
class Desk:
    """One ledger, one library, and runners made for whatever models a test wants."""

    db: Database
    library: Library
    var: Path
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def runner(self, *models: ModelCandidate) -> StepRunner:
        settings = WorkerSettings(var=self.var, models=models)
        return build_step_runner(settings, self.db, lambda: self.library)[0]

    def submit(self, question: str, principal: str = STAFF, **changes: Any) -> str:
        values = {"principal": principal, "question": question, "source": "api", **changes}
        values["external_id"] = str(next(self._numbers))
        return submit_run(self.db, RunRequest.model_validate(values)).run_id

    def ask(self, question: str, *models: ModelCandidate, principal: str = STAFF, **changes: Any) -> RunView:
        """The run after all of its steps were worked on, here and now."""
        run_id = self.submit(question, principal, **changes)
        return self.finish(run_id, self.runner(*models))

    def finish(self, run_id: str, runner: StepRunner) -> RunView:
        work_off(self.db, runner.run)
        view = get_run_for_delivery(self.db, run_id)
        assert view.state not in OPEN_RUN_STATES
        return view

    def reject(self, run_id: str, principal: str = STAFF) -> None:
        """Says no to what the run waits to be told, which is one question about a call."""
        [asked] = get_run_for_delivery(self.db, run_id).decisions
        decide(self.db, asked.id, find_principal(self.db, principal), REJECT)

    def claim(self, run_id: str) -> ClaimedStep:
        """The run's next ready step, held by the test."""
        rung: list[str] = []
        Relay(self.db, rung.append).ring_due()
        for step_id in rung:
            claim = claim_step(self.db, step_id, "test")
            if claim is not None and claim.run_id == run_id:
                return claim
        raise AssertionError(f"no step of {run_id} was rung for")

    def spans(self, run_id: str, kind: str | None = None) -> list[Span]:
        return [span for span in list_spans(self.db, run_id) if kind in (None, span.kind)]


def work_off(db: Database, run: Callable[[str], None], at_once: Callable[..., Iterable[Any]] = map) -> None:
    """Rings until nothing is owed; as a worker would, `run` hears of a step after its ringing is noted."""
    while True:
        rung: list[str] = []
        if not Relay(db, rung.append).ring_due():
            return
        list(at_once(run, rung))


def candidate(provider: ScriptedProvider, name: str = "main", **changes: Any) -> ModelCandidate:
    values = {
        "name": name,
        "model": "openai/gpt-4o-mini",
        "base_url": provider.base_url,
        "api_key": provider.api_key,
        "timeout_s": 10.0,
    }
    return ModelCandidate.model_validate({**values, **changes})
