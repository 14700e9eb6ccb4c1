"""The documents' rows, on both databases."""

from dataclasses import replace
from datetime import date

from sqlalchemy import select

from ledger.audit import verify_audit
from ledger.db import Database
from ledger.documents import (
    DocumentRecord,
    DocumentWithPassages,
    PassageRecord,
    count_passages,
    delete_documents,
    find_document,
    find_passages,
    list_documents,
    list_passage_ids,
    put_documents,
    update_documents,
)
from ledger.ids import derive_id
from ledger.schema import AuditRow


def document(path: str, *groups: str) -> DocumentRecord:
    return DocumentRecord(
        id=derive_id(path),
        path=path,
        status="ok",
        reason=None,
        content_hash="0" * 64,
        title="Tents",
        owner=None,
        collection="company",
        classification="internal",
        allowed_groups=groups,
        updated=date(2026, 1, 5),
        review_by=None,
        size_bytes=10,
    )


def with_passages(record: DocumentRecord, *texts: str) -> DocumentWithPassages:
    passages = (
        PassageRecord(
            derive_id(record.path, str(n), text), record.id, n, ("Care", "Drying"), "section Care", text
        )
        for n, text in enumerate(texts)
    )
    return DocumentWithPassages(record, tuple(passages))


def audited(db: Database) -> list[tuple[str, str]]:
    verify_audit(db)
    with db.read() as session:
        rows = session.execute(select(AuditRow.action, AuditRow.subject).order_by(AuditRow.seq))
        return [(action, subject) for action, subject in rows]


def test_what_was_put_comes_back(db: Database) -> None:
    tents = with_passages(document("tents.md", "everyone", "hr"), "Dry them.", "Fold them.")
    put_documents(db, [tents, with_passages(document("boats.md"))])
    assert find_document(db, tents.document.id) == tents
    assert [record.path for record in list_documents(db)] == ["boats.md", "tents.md"]
    first, second = tents.passages
    assert list_passage_ids(db) == {tents.document.id: [first.id, second.id]}
    assert find_passages(db, [second.id, derive_id("none")]) == {second.id: (second, tents.document)}
    assert (find_document(db, derive_id("none")), find_passages(db, []), count_passages(db)) == (None, {}, 2)


def test_a_document_takes_the_place_of_its_old_version(db: Database) -> None:
    record = document("tents.md", "everyone")
    put_documents(
        db, [with_passages(record, "Dry them.", "Fold them."), with_passages(document("b.md"), "B")]
    )
    new = with_passages(replace(record, content_hash="1" * 64, title="All tents"), "Dry them.")
    put_documents(db, [new])
    assert find_document(db, record.id) == new
    assert count_passages(db) == 2


def test_changed_rights_and_removal_are_on_the_record(db: Database) -> None:
    entry = with_passages(document("tents.md", "everyone"), "Dry them.")
    put_documents(db, [entry])
    update_documents(db, [replace(entry.document, owner="desk@shop.example")])
    update_documents(db, [replace(entry.document, allowed_groups=("hr",))])
    assert find_passages(db, [entry.passages[0].id])[entry.passages[0].id][1].allowed_groups == ("hr",)
    delete_documents(db, [entry.document.id])
    assert audited(db) == [
        ("document.rights_changed", "tents.md"),
        ("document.removed", "tents.md"),
    ]
    assert (list_documents(db), count_passages(db)) == ([], 0)


def test_a_document_is_stale_after_its_review_date() -> None:
    record = replace(document("tents.md"), review_by=date(2026, 3, 2))
    assert [record.is_stale(day) for day in (date(2026, 3, 2), date(2026, 3, 3))] == [False, True]
    assert not document("tents.md").is_stale(date(2036, 1, 1))
