"""Ingestion: only what changed is done, what went is gone, and a crash leaves each document old or new."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from sqlalchemy import select

from knowledge.embedding import Embedded, Embedder, Vector
from knowledge.ingest import ingest
from knowledge.ingest_report import IngestProgress, IngestReport, Phase
from knowledge.library import Library
from knowledge.search.access import AccessScope
from knowledge.search.edge_store import EdgeStore
from knowledge.search.port import Filters, IndexOutdated, Placement, StoredPassage
from knowledge.word_pieces import WordPieces
from ledger.audit import verify_audit
from ledger.db import Database
from ledger.documents import list_documents
from ledger.errors import WorkspaceInvalid
from ledger.schema import AuditRow
from tests.unit.knowledge.shop import HR, STAFF, Shop, make_docx, make_pdf, paths_found

TENTS = "# Tents\n\nTents come back dry.\n\n## Price\n\nA tent costs 12 EUR a day.\n"
BOATS = "# Boats\n\nBoats leave from the north pier.\n"


@pytest.fixture
def stocked(shop: Shop) -> Shop:
    shop.write("tents.md", TENTS)
    shop.write("boats.md", BOATS)
    return shop


def changes(report: IngestReport) -> dict[str, str]:
    return {file.path.removeprefix("documents/"): file.change.value for file in report.files}


def audit_actions(db: Database) -> list[str]:
    verify_audit(db)
    with db.read() as session:
        return list(session.scalars(select(AuditRow.action).order_by(AuditRow.seq)))


def test_every_format_is_ingested_and_found(shop: Shop, sqlite_db: Database, library: Library) -> None:
    shop.write("a.md", TENTS)
    shop.write("b.txt", "Boats leave from the north pier.")
    shop.write("c.html", "<main><h1>Kayaks</h1><p>Kayaks need a life vest.</p></main>")
    shop.write("d.pdf", make_pdf([[(20, "Skis"), (11, "Skis are waxed on Monday.")]]))
    shop.write("e.docx", make_docx())
    report = ingest(sqlite_db, shop.open(), library, lambda _progress: None)
    assert report.statuses == {"ok": 5}
    assert report.embedded == report.passages == library.count() == library.store.count() > 5
    assert report.bytes == sum(path.stat().st_size for path in shop.documents.iterdir())
    for question, name in [
        ("return a tent", "a.md"),
        ("where do boats leave", "b.txt"),
        ("life vest", "c.html"),
        ("waxed skis", "d.pdf"),
        ("price of a cargo bike", "e.docx"),
    ]:
        assert library.search(question, STAFF).hits[0].path == f"documents/{name}"


def test_unchanged_documents_cost_nothing(stocked: Shop, sqlite_db: Database, library: Library) -> None:
    stocked.ingest(sqlite_db, library)
    marks = dict(library.store.marks())
    again = stocked.ingest(sqlite_db, library)
    assert (again.embedded, changes(again)) == (0, {"tents.md": "unchanged", "boats.md": "unchanged"})
    assert dict(library.store.marks()) == marks


def test_a_changed_document_is_replaced(stocked: Shop, sqlite_db: Database, library: Library) -> None:
    stocked.ingest(sqlite_db, library)
    stocked.write("tents.md", "# Tents\n\nA tent costs 15 EUR a day.\n")
    report = stocked.ingest(sqlite_db, library)
    assert (report.embedded, changes(report)) == (1, {"tents.md": "changed", "boats.md": "unchanged"})
    texts = [hit.text for hit in library.search("tent", STAFF).hits]
    assert "A tent costs 15 EUR a day." in texts
    assert not any("12 EUR" in text for text in texts)
    assert library.store.count() == library.count() == 2


def test_a_deleted_document_is_gone_from_rows_and_store(
    stocked: Shop, sqlite_db: Database, library: Library
) -> None:
    stocked.ingest(sqlite_db, library)
    document_id = library.search("boats", STAFF).hits[0].document_id
    (stocked.documents / "boats.md").unlink()
    report = stocked.ingest(sqlite_db, library)
    assert (changes(report)["boats.md"], report.statuses) == ("removed", {"ok": 1})
    assert paths_found(library, "boats") == {"documents/tents.md"}
    assert library.read_document(document_id, STAFF) is None
    assert library.store.count() == library.count() == 2


def test_a_moved_document_is_found_at_its_new_place(
    stocked: Shop, sqlite_db: Database, library: Library
) -> None:
    stocked.ingest(sqlite_db, library)
    (stocked.documents / "boats.md").rename(stocked.documents / "ships.md")
    stocked.ingest(sqlite_db, library)
    assert paths_found(library, "boats") == {"documents/tents.md", "documents/ships.md"}


def test_other_rights_hold_at_once_and_cost_no_embedding(
    stocked: Shop, sqlite_db: Database, library: Library
) -> None:
    stocked.ingest(sqlite_db, library)
    stocked.write("boats.md", f"---\ngroups: [hr]\n---\n{BOATS}")
    report = stocked.ingest(sqlite_db, library)
    assert (report.embedded, changes(report)["boats.md"]) == (0, "relabelled")
    assert paths_found(library, "boats") == {"documents/tents.md"}
    assert paths_found(library, "boats", HR) == {"documents/boats.md"}
    stocked.write("_meta.yaml", "defaults: {groups: [finance]}\n")
    stocked.ingest(sqlite_db, library)
    assert paths_found(library, "boats") == set()
    assert paths_found(library, "boats", HR) == {"documents/boats.md"}
    assert audit_actions(sqlite_db).count("document.rights_changed") == 2


def test_another_title_is_found_under(stocked: Shop, sqlite_db: Database, library: Library) -> None:
    stocked.ingest(sqlite_db, library)
    stocked.write("_meta.yaml", "files: {boats.md: {title: Harbour timetable, collection: water}}\n")
    report = stocked.ingest(sqlite_db, library)
    hit = library.search("harbour timetable", STAFF, filters=Filters("water")).hits[0]
    assert (hit.title, hit.path, report.embedded) == ("Harbour timetable", "documents/boats.md", 1)


def test_a_bad_file_costs_itself_only_and_is_told_each_time(
    stocked: Shop, sqlite_db: Database, library: Library
) -> None:
    stocked.write("broken.pdf", b"%PDF-1.7 and no more")
    stocked.write("data.bin", b"\1\2")
    for _ in range(2):
        report = stocked.ingest(sqlite_db, library)
        assert report.statuses == {"ok": 2, "corrupt": 1, "unsupported": 1}
        reasons = {file.path: file.reason for file in report.files if file.status != "ok"}
        assert set(reasons) == {"documents/broken.pdf", "documents/data.bin"}
        assert all(reasons.values())
    assert paths_found(library, "tent") == {"documents/tents.md", "documents/boats.md"}


def test_a_document_that_breaks_is_no_longer_served(
    stocked: Shop, sqlite_db: Database, library: Library
) -> None:
    stocked.ingest(sqlite_db, library)
    document_id = library.search("boats", STAFF).hits[0].document_id
    stocked.write("boats.md", f"---\ngruops: [hr]\n---\n{BOATS}")
    assert stocked.ingest(sqlite_db, library).statuses == {"ok": 1, "corrupt": 1}
    assert paths_found(library, "boats") == {"documents/tents.md"}
    assert library.read_document(document_id, STAFF) is None


def test_a_malformed_folder_file_stops_all_before_anything_is_written(
    stocked: Shop, sqlite_db: Database, library: Library
) -> None:
    stocked.ingest(sqlite_db, library)
    before = (list_documents(sqlite_db), dict(library.store.marks()), audit_actions(sqlite_db))
    stocked.write("boats.md", "# Boats\n\nChanged.\n")
    stocked.write("zz/_meta.yaml", "defaults: {groups: [pirates]}\n")
    with pytest.raises(WorkspaceInvalid, match="pirates"):
        stocked.ingest(sqlite_db, library)
    after = (list_documents(sqlite_db), dict(library.store.marks()), audit_actions(sqlite_db))
    assert after == before


def test_an_ingestion_is_on_the_record(stocked: Shop, sqlite_db: Database, library: Library) -> None:
    stocked.ingest(sqlite_db, library)
    (stocked.documents / "boats.md").unlink()
    stocked.ingest(sqlite_db, library)
    assert audit_actions(sqlite_db) == ["documents.ingested", "document.removed", "documents.ingested"]
    with sqlite_db.read() as session:
        detail = session.scalars(select(AuditRow.detail).order_by(AuditRow.seq.desc())).first()
    assert json.loads(detail or "")["changes"] == {"removed": 1, "unchanged": 1}


def test_progress_goes_through_all_files_and_passages(
    stocked: Shop, sqlite_db: Database, library: Library
) -> None:
    seen: list[IngestProgress] = []
    ingest(sqlite_db, stocked.open(), library, seen.append)
    for phase in (Phase.CHECKING, Phase.READING):
        assert [(p.done, p.total, p.path) for p in seen if p.phase is phase] == [
            (0, 2, "documents/boats.md"),
            (1, 2, "documents/tents.md"),
        ]
    assert [(p.done, p.total) for p in seen if p.phase is Phase.EMBEDDING] == [(3, 3)]
    assert (seen[-1].phase, seen[-1].done, seen[-1].total) == (Phase.FINISHING, 2, 2)


class Crash(Exception):
    """Stands for the death of the process at this point."""


class DyingStore(EdgeStore):
    """Dies at the given write, before or after it reached the engine."""

    def __init__(self, folder: Path, at: str, moment: str) -> None:
        super().__init__(folder)
        self._at = at
        self._moment = moment

    def upsert(self, passages: Sequence[StoredPassage]) -> None:
        self._die_at("upsert", lambda: super(DyingStore, self).upsert(passages))

    def delete_passages(self, passage_ids: Sequence[str]) -> None:
        work = super().delete_passages
        if passage_ids:
            self._die_at("delete_passages", lambda: work(passage_ids))

    def place_passages(self, passage_ids: Sequence[str], placement: Placement) -> None:
        self._die_at("place_passages", lambda: super(DyingStore, self).place_passages(passage_ids, placement))

    def delete_document(self, document_id: str) -> None:
        self._die_at("delete_document", lambda: super(DyingStore, self).delete_document(document_id))

    def _die_at(self, name: str, work: Callable[[], None]) -> None:
        if name == self._at and self._moment == "before":
            raise Crash
        work()
        if name == self._at:
            raise Crash


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("at", ["upsert", "delete_passages", "place_passages", "delete_document"])
def test_a_crash_leaves_each_document_old_or_new_and_the_next_ingestion_heals(
    at: str,
    moment: str,
    stocked: Shop,
    sqlite_db: Database,
    library: Library,
    minilm: Embedder,
    tmp_path: Path,
) -> None:
    stocked.write("gone.md", "# Gone\n\nThis page goes away.\n")
    stocked.write("pay.md", "# Pay\n\nPay day is the 25th.\n")
    stocked.ingest(sqlite_db, library)
    library.close()
    stocked.write("tents.md", "# Tents\n\nA tent costs 15 EUR a day.\n")
    stocked.write("pay.md", "---\ngroups: [hr]\n---\n# Pay\n\nPay day is the 25th.\n")
    (stocked.documents / "gone.md").unlink()

    dying = Library(sqlite_db, DyingStore(tmp_path / "search", at, moment), minilm)
    with pytest.raises(Crash):
        stocked.ingest(sqlite_db, dying)
    prices = [hit.text for hit in dying.search("what does a tent cost", STAFF).hits if "EUR" in hit.text]
    assert prices in (["A tent costs 12 EUR a day."], ["A tent costs 15 EUR a day."])
    dying.close()

    stocked.ingest(sqlite_db, library)
    assert library.search("tent cost EUR", STAFF).hits[0].text == "A tent costs 15 EUR a day."
    assert paths_found(library, "pay day") == {"documents/tents.md", "documents/boats.md"}
    assert paths_found(library, "pay day", HR) == {"documents/pay.md"}
    assert library.store.count() == library.count() == 3
    assert stocked.ingest(sqlite_db, library).changes == {"unchanged": 3}
    verify_audit(sqlite_db)


def test_narrower_rights_hold_even_if_the_store_never_heard_of_them(
    stocked: Shop, sqlite_db: Database, library: Library, minilm: Embedder, tmp_path: Path
) -> None:
    stocked.ingest(sqlite_db, library)
    library.close()
    stocked.write("boats.md", f"---\ngroups: [hr]\n---\n{BOATS}")
    dying = Library(sqlite_db, DyingStore(tmp_path / "search", "place_passages", "before"), minilm)
    with pytest.raises(Crash):
        stocked.ingest(sqlite_db, dying)
    assert paths_found(dying, "boats") == {"documents/tents.md"}
    dying.close()


def test_a_lost_index_is_told_and_made_anew(
    stocked: Shop, sqlite_db: Database, library: Library, tmp_path: Path
) -> None:
    stocked.ingest(sqlite_db, library)
    library.close()
    (tmp_path / "search" / "index.json").unlink()
    with pytest.raises(IndexOutdated, match="run `crewdesk ingest`"):
        library.search("tent", STAFF)
    report = stocked.ingest(sqlite_db, library)
    assert (report.embedded, report.changes) == (3, {"unchanged": 2})
    assert paths_found(library, "tent") == {"documents/tents.md", "documents/boats.md"}


class OtherModel:
    """MiniLM under another name, as after a change of the embedding model."""

    def __init__(self, real: Embedder) -> None:
        self._real = real

    name = "other-model"

    @property
    def dimension(self) -> int:
        return self._real.dimension

    def warm_up(self) -> None:
        self._real.warm_up()

    def word_pieces(self) -> WordPieces:
        return self._real.word_pieces()

    def embed_query(self, text: str) -> Vector:
        return self._real.embed_query(text)

    def embed_passages(self, texts: Sequence[str], on_done: Callable[[int], None]) -> Embedded:
        return self._real.embed_passages(texts, on_done)


def test_another_embedding_model_is_refused_until_the_next_ingestion(
    stocked: Shop, sqlite_db: Database, library: Library, minilm: Embedder
) -> None:
    stocked.ingest(sqlite_db, library)
    other: Embedder = OtherModel(minilm)
    upgraded = Library(sqlite_db, library.store, other)
    with pytest.raises(IndexOutdated, match=r"all-MiniLM-L6-v2.*other-model.*run `crewdesk ingest`"):
        upgraded.search("tent", STAFF)
    assert stocked.ingest(sqlite_db, upgraded).embedded == 3
    assert paths_found(upgraded, "tent") == {"documents/tents.md", "documents/boats.md"}
    with pytest.raises(IndexOutdated):
        library.search("tent", STAFF)


def test_an_empty_workspace_is_no_error(shop: Shop, sqlite_db: Database, library: Library) -> None:
    assert library.search("anything", STAFF).hits == ()
    report = shop.ingest(sqlite_db, library)
    assert (report.files, report.passages) == ((), 0)
    assert library.search("anything", AccessScope(frozenset({"everyone"}))).hits == ()
