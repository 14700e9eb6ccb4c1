"""`crewdesk knowledge status`, `quarantine` and `show`, on rows as ingestion leaves them."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from cli.shapes import DocumentView, Quarantine
from ledger.db import Database
from ledger.documents import (
    DocumentFinding,
    DocumentRecord,
    DocumentWithPassages,
    PassageRecord,
    put_documents,
)
from ledger.evidence import Finding, record_evidence
from ledger.ingestions import IngestionState, begin_ingestion, end_ingestion
from ledger.library_health import LibraryHealth
from ledger.relay import Relay
from ledger.result import RunResult
from ledger.runs import RunRequest, submit_run
from ledger.steps import claim_step, complete_step
from ledger.var_folder import hold_var
from tests.unit.cli.conftest import YOU, Crewdesk

TODAY = datetime.now(UTC).date()


def record(path: str, status: str = "ok", reason: str | None = None) -> DocumentRecord:
    return DocumentRecord(
        id=f"id-{path}"[:36],
        path=f"documents/{path}",
        status=status,
        reason=reason,
        content_hash="0" * 64,
        title=path.capitalize(),
        owner="it@company.example",
        collection="company",
        classification="internal",
        allowed_groups=("everyone", "hr"),
        updated=date(2026, 1, 1),
        review_by=None,
        size_bytes=1234,
        language="en" if status == "ok" else None,
        findings=(),
    )


def put(db: Database, *documents: DocumentRecord) -> None:
    put_documents(
        db,
        [
            DocumentWithPassages(
                document,
                tuple(
                    PassageRecord(
                        f"{document.id[:30]}-{n}", document.id, n, ("Top", "Sub"), f"page {n}", f"Text {n}"
                    )
                    for n in range(2 if document.is_served else 0)
                ),
            )
            for document in documents
        ],
    )


def play(db: Database, question: str, *, found: str | None = None, reason: str = "nothing_found") -> None:
    """A run that ended: answered from the document at `found`, or abstained."""
    submit_run(db, RunRequest(principal=YOU, question=question, source="cli", external_id=question))
    rung: list[str] = []
    Relay(db, rung.append).ring_due()
    for step_id in rung:
        claim = claim_step(db, step_id, "the test")
        assert claim is not None
        if found:
            record_evidence(db, claim, [Finding("passage", f"documents/{found}", "page 1", "Text", None)])
        outcome = "answered" if found else "abstained"
        result = RunResult(outcome=outcome, answer="Answer.", reason=None if found else reason)
        complete_step(db, claim, result.model_dump(mode="json"))


@pytest.fixture
def held(ledger: Database) -> None:
    put(
        ledger,
        record("a.md"),
        replace(
            record("plan's copy.md", "duplicate", "a copy of documents/a.md"),
            findings=(DocumentFinding("duplicate", "a copy of documents/a.md"),),
        ),
        replace(
            record("b.md", "suspicious", "it tells a model to drop its instructions"),
            findings=(
                DocumentFinding("instruction", "it tells a model to drop its instructions"),
                DocumentFinding("pii:ssn", "it holds personal data (SSN, once), masked"),
            ),
        ),
        record("c.pdf", "corrupt", "its end is missing \x1b[31m"),
    )


class TestStatus:
    def test_the_latest_ingestions_and_how_to_release_a_blocked_one(
        self, crewdesk: Crewdesk, ledger: Database
    ) -> None:
        put(ledger, record("a.md"))
        first, second = (begin_ingestion(ledger, "Company", passages) for passages in (0, 40))
        end_ingestion(ledger, first, IngestionState.APPLIED, digest="1", passages=40)
        end_ingestion(
            ledger, second, IngestionState.BLOCKED, reasons=("it would lose 80 %",), digest="2", passages=40
        )
        shown = LibraryHealth.model_validate_json(crewdesk("knowledge", "status", "--json").out).ingestions
        assert [(each.id, each.state, each.passages_before) for each in shown] == [
            (second, "blocked", 40),
            (first, "applied", 0),
        ]
        told = " ".join(crewdesk("knowledge", "status").out.split())
        assert "it would lose 80 %" in told
        assert f"crewdesk knowledge release {second}" in told

    def test_an_empty_library_says_what_to_do(self, crewdesk: Crewdesk, ledger: Database) -> None:
        ran = crewdesk("knowledge", "status")
        assert ran.status == 0
        assert "crewdesk ingest" in ran.out

    def test_what_is_served_and_how_old_it_is(self, crewdesk: Crewdesk, ledger: Database) -> None:
        put(
            ledger,
            replace(record("a.md"), updated=date(2024, 5, 5), review_by=TODAY - timedelta(days=1)),
            replace(record("b.md"), updated=date(2025, 5, 5), review_by=TODAY),
            replace(
                record("c.md"), updated=date(2026, 5, 5), review_by=TODAY + timedelta(days=30), language="de"
            ),
            replace(record("d.md"), updated=None, review_by=TODAY + timedelta(days=31), collection="market"),
            replace(record("e.md", "empty"), updated=date(2020, 1, 1), review_by=date(2020, 1, 1)),
        )
        health = LibraryHealth.model_validate_json(crewdesk("knowledge", "status", "--json").out)
        assert (health.documents, health.passages) == ({"ok": 4, "empty": 1}, 8)
        assert [(size.name, size.documents, size.passages) for size in health.collections] == [
            ("company", 3, 6),
            ("market", 1, 2),
        ]
        assert health.languages == {"en": 3, "de": 1}
        ages = health.ages
        assert (ages.oldest, ages.median, ages.newest) == (
            date(2024, 5, 5),
            date(2025, 5, 5),
            date(2026, 5, 5),
        )
        assert (ages.undated, ages.stale, ages.due_soon) == (1, 1, 2)
        out = crewdesk("knowledge", "status").out
        assert "4 documents served, in 8 passages" in out
        assert "Not served: 1 empty" in out
        assert "Languages: en 3, de 1" in out

    def test_documents_no_run_ever_used_come_the_oldest_first(
        self, crewdesk: Crewdesk, ledger: Database
    ) -> None:
        put(
            ledger,
            record("used.md"),
            replace(record("new.md"), updated=date(2026, 6, 6)),
            record("old.md"),
            record("held.md", "empty"),
        )
        play(ledger, "What is used?", found="used.md")
        status = json.loads(crewdesk("knowledge", "status", "--limit", "1", "--json").out)
        assert status["never_retrieved"]["count"] == 2
        assert [document["path"] for document in status["never_retrieved"]["oldest"]] == ["documents/old.md"]
        out = crewdesk("knowledge", "status").out
        assert "Never retrieved: 2 of 3" in out
        assert out.index("documents/old.md") < out.index("documents/new.md")
        assert "documents/held.md" not in out

    def test_unanswered_questions_are_counted_together_and_name_nobody(
        self, crewdesk: Crewdesk, ledger: Database
    ) -> None:
        put(ledger, record("a.md"))
        play(ledger, "Who waters the plants?")
        play(ledger, "  who waters\nthe PLANTS ", reason="low_match")
        play(ledger, "Where is the \x1b[31mkey?")
        play(ledger, "Is it used?", found="a.md")
        ran = crewdesk("knowledge", "status", "--json")
        questions = json.loads(ran.out)["unanswered"]
        assert [(one["count"], one["question"].split(), one["reason"]) for one in questions] == [
            (2, ["who", "waters", "the", "PLANTS"], "low_match"),
            (1, ["Where", "is", "the", "\x1b[31mkey?"], "nothing_found"),
        ]
        out = crewdesk("knowledge", "status").out
        assert "who waters the PLANTS" in out
        assert "Is it used" not in out
        assert "\x1b" not in out
        assert YOU not in out + ran.out


class TestQuarantine:
    def test_nothing_held_back(self, crewdesk: Crewdesk, ledger: Database) -> None:
        put(ledger, record("a.md"))
        assert "Every document in the library is served." in crewdesk("knowledge", "quarantine").out

    @pytest.mark.usefixtures("held")
    def test_each_with_its_reason_and_what_can_be_done(self, crewdesk: Crewdesk) -> None:
        out = crewdesk("knowledge", "quarantine").out
        assert "documents/a.md  " not in out
        assert "documents/b.md  suspicious" in out
        assert out.count("it tells a model to drop its instructions") == 1
        assert "also: it holds personal data (SSN, once), masked" in out
        assert "crewdesk knowledge release documents/b.md --as EMAIL" in out
        assert """release 'documents/plan'"'"'s copy.md' --as EMAIL""" in out
        corrupt = out[out.index("documents/c.pdf") : out.index("documents/plan")]
        assert "its end is missing" in corrupt
        assert "release" not in corrupt
        assert "mend or replace the file" in corrupt
        assert "3 documents are not served." in out
        assert "\x1b" not in out

    @pytest.mark.usefixtures("held")
    def test_as_json(self, crewdesk: Crewdesk) -> None:
        ran = crewdesk("knowledge", "quarantine", "--json")
        documents = Quarantine.model_validate_json(ran.out).documents
        assert [(one.path, one.status, one.release is not None) for one in documents] == [
            ("documents/b.md", "suspicious", True),
            ("documents/c.pdf", "corrupt", False),
            ("documents/plan's copy.md", "duplicate", True),
        ]
        assert [finding.kind for finding in documents[0].findings] == ["instruction", "pii:ssn"]
        assert documents[0].since.date() == TODAY


@pytest.mark.usefixtures("held")
class TestShow:
    @pytest.mark.parametrize("given", ["documents/a.md", "id-a.md", "A.MD", " /a.m "])
    def test_by_path_by_id_and_by_a_part_of_the_path(self, crewdesk: Crewdesk, given: str) -> None:
        ran = crewdesk("knowledge", "show", given)
        assert ran.status == 0
        for line in (
            "path           documents/a.md",
            "read by        everyone, hr",
            "language       en",
            "2 passages",
        ):
            assert line in ran.out
        assert "   1. page 0" in ran.out
        assert "Text 0" not in ran.out
        assert "Text 0" in crewdesk("knowledge", "show", given, "--text").out

    def test_a_path_that_is_a_part_of_another_is_still_its_own(
        self, crewdesk: Crewdesk, ledger: Database
    ) -> None:
        put(ledger, record("a.md.txt"))
        assert "documents/a.md\n" in crewdesk("knowledge", "show", "documents/a.md").out

    def test_as_json(self, crewdesk: Crewdesk) -> None:
        view = DocumentView.model_validate_json(crewdesk("knowledge", "show", "b.md", "--json").out)
        assert (view.status, view.passages, len(view.findings)) == ("suspicious", (), 2)
        served = DocumentView.model_validate_json(crewdesk("knowledge", "show", "a.md", "--json").out)
        assert [(one.position, one.section, one.locator) for one in served.passages] == [
            (0, "Top > Sub", "page 0"),
            (1, "Top > Sub", "page 1"),
        ]
        assert served.release is None

    def test_one_held_back_says_why_and_how_to_serve_it(self, crewdesk: Crewdesk) -> None:
        out = crewdesk("knowledge", "show", "b.md").out
        assert "suspicious: it tells a model to drop its instructions" in out
        assert "pii:ssn: it holds personal data (SSN, once), masked" in out
        assert "crewdesk knowledge release documents/b.md --as EMAIL" in out

    @pytest.mark.parametrize(
        ("given", "says"),
        [
            ("documents/", "documents/a.md, documents/b.md, documents/c.pdf"),
            ("zebra", "There is no document zebra"),
            ("%", "There is no document %"),
            ("_.md", "There is no document _.md"),
            ("  ", "Say which document"),
        ],
    )
    def test_one_nobody_can_tell_is_wrong_usage(self, crewdesk: Crewdesk, given: str, says: str) -> None:
        ran = crewdesk("knowledge", "show", given)
        assert ran.status == 2
        assert says in ran.complaint


def test_without_a_database_every_command_says_what_to_do(crewdesk: Crewdesk) -> None:
    for arguments in (("status",), ("quarantine",), ("show", "a.md")):
        ran = crewdesk("knowledge", *arguments)
        assert ran.status == 5
        assert "crewdesk ingest" in ran.complaint


def test_they_work_beside_the_process_that_holds_the_folder(
    crewdesk: Crewdesk, ledger: Database, var: Path
) -> None:
    put(ledger, record("a.md"))
    with hold_var(var, "serve"):
        for arguments in (("status",), ("quarantine",), ("show", "a.md")):
            assert crewdesk("knowledge", *arguments).status == 0
