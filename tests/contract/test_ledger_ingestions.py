"""The record of ingestions, who holds the turn, and what stewards released, on both databases."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from ledger.audit import verify_audit
from ledger.db import Database
from ledger.document_lookup import read_whole_document
from ledger.documents import (
    DocumentFinding,
    EmbeddingSums,
    delete_documents,
    list_documents,
    put_documents,
    update_documents,
)
from ledger.errors import NotFound, NotPermitted
from ledger.ingestions import (
    IngestionRunning,
    IngestionState,
    begin_ingestion,
    end_ingestion,
    find_ingestion,
    hold_ingestion,
    is_released,
    list_applied,
    list_ingestions,
    release_ingestion,
)
from ledger.library_rows import replace_rows, write_rows
from ledger.people import PeopleFile, Principal, find_principal, sync_people
from ledger.releases import NotReleasable, list_releases, release_document
from tests.contract.test_ledger_documents import audited, document, with_passages

PEOPLE = PeopleFile.model_validate(
    {
        "groups": {"everyone": "All"},
        "people": [
            {"email": "steward@shop.example", "name": "S", "roles": ["steward"]},
            {"email": "staff@shop.example", "name": "T"},
        ],
    }
)


@pytest.fixture
def steward(db: Database) -> Principal:
    sync_people(db, PEOPLE)
    return find_principal(db, "steward@shop.example")


def block(db: Database, digest: str) -> str:
    ingestion_id = begin_ingestion(db, "Shop", 100)
    end_ingestion(db, ingestion_id, IngestionState.BLOCKED, reasons=("too little left",), digest=digest)
    return ingestion_id


def test_only_one_ingestion_at_a_time(db: Database) -> None:
    other = Database(db.url)
    with hold_ingestion(db) as turn:
        turn.check()
        with pytest.raises(IngestionRunning, match="Another ingestion is at work"), hold_ingestion(other):
            pass
    for _ in range(20):
        # The next turn is free as soon as the last has ended, not some time later.
        for database in (other, db):
            with hold_ingestion(database):
                pass
    other.close()


def test_the_turn_is_free_again_after_a_failure(db: Database) -> None:
    with pytest.raises(LookupError), hold_ingestion(db):
        raise LookupError
    with hold_ingestion(db):
        pass


def test_what_became_of_an_ingestion_is_kept(db: Database) -> None:
    died = begin_ingestion(db, "Shop", 0)
    first = begin_ingestion(db, "Shop", 0)
    end_ingestion(
        db, first, IngestionState.APPLIED, digest="a", passages=3, report={"embedded": 3}, audited={}
    )
    same = begin_ingestion(db, "Shop", 3)
    end_ingestion(db, same, IngestionState.APPLIED, passages=3)
    kept = {each.id: each for each in list_ingestions(db, 10)}
    assert set(kept) == {died, first, same}
    assert (kept[died].state, kept[died].reasons) == (
        IngestionState.FAILED,
        ("its process ended before it did",),
    )
    assert (kept[first].passages_before, kept[first].passages, kept[first].report) == (0, 3, {"embedded": 3})
    assert all(each.finished_at is not None for each in kept.values())
    assert [each.id for each in list_applied(db, 10)] == [first]
    assert len(list_ingestions(db, 2)) == 2
    assert audited(db) == [("documents.ingested", "Shop")]


def test_a_blocked_batch_passes_once_somebody_released_it(db: Database, steward: Principal) -> None:
    blocked = block(db, "digest")
    assert not is_released(db, "digest")
    release_ingestion(db, blocked, steward, "last year's pages")
    assert is_released(db, "digest")
    assert not is_released(db, "another")
    again = begin_ingestion(db, "Shop", 100)
    end_ingestion(db, again, IngestionState.APPLIED, digest="digest", passages=20)
    assert not is_released(db, "digest")
    found = find_ingestion(db, blocked)
    assert found is not None
    assert (found.state, found.released_by) == (IngestionState.RELEASED, "steward@shop.example")
    assert find_ingestion(db, blocked[-8:]) == found
    assert find_ingestion(db, "documents/x.md") is None
    assert ("ingestion.released", blocked) in audited(db)


def test_who_may_not_release_does_not_and_only_what_is_blocked_is_released(
    db: Database, steward: Principal
) -> None:
    blocked = block(db, "digest")
    with pytest.raises(NotPermitted, match="release documents"):
        release_ingestion(db, blocked, find_principal(db, "staff@shop.example"), None)
    release_ingestion(db, blocked, steward, None)
    with pytest.raises(NotFound, match="is released; only a blocked one"):
        release_ingestion(db, blocked, steward, None)
    with pytest.raises(NotFound, match="There is no ingestion"):
        release_ingestion(db, "none", steward, None)


@pytest.mark.parametrize("status", ["duplicate", "suspicious", "pii"])
def test_a_release_is_for_one_content(db: Database, steward: Principal, status: str) -> None:
    kept_back = replace(document("tents.md"), status=status, reason="it looks odd")
    with pytest.raises(NotPermitted):
        release_document(db, kept_back, find_principal(db, "staff@shop.example"), None)
    release_document(db, kept_back, steward, "read it")
    release_document(db, kept_back, steward, "read it again")
    assert list_releases(db) == {(kept_back.id, kept_back.content_hash): frozenset({status})}
    assert audited(db).count(("document.released", "tents.md")) == 1


def test_what_has_no_text_cannot_be_released(db: Database, steward: Principal) -> None:
    broken = replace(document("tents.pdf"), status="corrupt", reason="it is cut short")
    with pytest.raises(
        NotReleasable, match=r"tents.pdf cannot be released: it is corrupt \(it is cut short\)"
    ):
        release_document(db, broken, steward, None)
    with pytest.raises(NotReleasable, match="is served already"):
        release_document(db, document("tents.md"), steward, None)
    assert list_releases(db) == {}


def test_a_copy_is_in_doubt_once_what_it_may_copy_changes(db: Database) -> None:
    original = document("a.md", "everyone")
    copy = replace(document("b.md", "everyone"), status="duplicate", judged_by="rules")
    elsewhere = replace(
        document("c.md", "everyone"), status="duplicate", judged_by="rules", collection="water"
    )

    def judged() -> dict[str, str | None]:
        return {record.path: record.judged_by for record in list_documents(db)}

    for change in (
        lambda: update_documents(db, [replace(original, allowed_groups=("hr",))]),
        lambda: put_documents(db, [with_passages(replace(original, content_hash="1" * 64), "New.")]),
        lambda: delete_documents(db, [original.id]),
    ):
        put_documents(db, [with_passages(original, "Old."), with_passages(copy), with_passages(elsewhere)])
        update_documents(db, [replace(original, owner="desk@shop.example")])
        assert judged() == {"a.md": None, "b.md": "rules", "c.md": "rules"}
        change()
        assert judged()["b.md"] is None
        assert judged()["c.md"] == "rules"


def test_the_rows_of_a_library_come_back_as_they_were(
    db: Database, steward: Principal, tmp_path: Path
) -> None:
    full = replace(
        document("a.md", "everyone"),
        declared_groups=("everyone", "hr"),
        judged_by="rules",
        language="en",
        findings=(DocumentFinding("pii:email", "an address"),),
        text_hash="2" * 64,
        minhash=b"\0\xff\1",
        passage_count=1,
        sums=EmbeddingSums("index", b"\0\1\2\3", 1, 1.5, 2.25),
    )
    entry = with_passages(full, "Text with \u2028 and \x1f.")
    put_documents(db, [entry, with_passages(replace(document("b.md"), status="pii"))])
    release_document(db, read_whole_document(db, "b.md").document, steward, None)
    block(db, "digest")
    before = (list_documents(db), list_ingestions(db, 9), list_releases(db))
    assert before[0][0] == full
    assert write_rows(db, tmp_path) == {"documents": 2, "passages": 1, "ingestions": 1, "releases": 1}
    delete_documents(db, [full.id])
    block(db, "another")
    replace_rows(db, tmp_path)
    assert (list_documents(db), list_ingestions(db, 9), list_releases(db)) == before
    with db.read() as session:
        assert session.execute(text("SELECT text FROM passages")).scalar_one() == entry.passages[0].text
    verify_audit(db)
