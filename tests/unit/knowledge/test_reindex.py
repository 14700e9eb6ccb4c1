"""A rebuilt index, and a library put away and brought back."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from knowledge.embedding import Embedded
from knowledge.ingest_report import IngestProgress
from knowledge.library import Library
from knowledge.reindex import reindex
from knowledge.search.edge_store import EdgeStore
from knowledge.search.port import IndexOutdated
from knowledge.snapshot import SnapshotInvalid, restore_snapshot, write_snapshot
from ledger.audit import verify_audit
from ledger.db import Database
from ledger.documents import list_documents, read_passages
from ledger.errors import InvalidInput
from tests.stand_ins.ingestion import HashEmbedder
from tests.unit.knowledge.shop import HR, STAFF, Shop, paths_found

TENTS = "# Tents\n\nTents come back dry.\n\n## Price\n\nA tent costs 12 EUR a day.\n"
PAY = "---\ngroups: [hr]\n---\n# Pay\n\nPay day is the 25th.\n"


@pytest.fixture
def library(sqlite_db: Database, tmp_path: Path) -> Iterator[Library]:
    library = Library(sqlite_db, EdgeStore(tmp_path / "search"), HashEmbedder())
    yield library
    library.close()


@pytest.fixture
def stocked(shop: Shop, sqlite_db: Database, library: Library) -> Shop:
    shop.write("tents.md", TENTS)
    shop.write("pay.md", PAY)
    shop.write("broken.pdf", b"%PDF-1.7 and no more")
    shop.ingest(sqlite_db, library)
    return shop


def no_progress(_progress: IngestProgress) -> None: ...


class Dying(HashEmbedder):
    def embed_passages(self, texts: Sequence[str], on_done: Callable[[int], None]) -> Embedded:
        raise LookupError


class TestReindex:
    def test_all_is_embedded_anew_from_the_rows(
        self, stocked: Shop, sqlite_db: Database, library: Library
    ) -> None:
        marks = dict(library.store.marks())
        for file in stocked.documents.iterdir():
            file.unlink()
        other = HashEmbedder("other")
        seen: list[tuple[int, int]] = []
        done = reindex(
            sqlite_db,
            library.store,
            other,
            None,
            lambda progress: seen.append((progress.done, progress.total)),
        )
        assert (done.passages, seen) == (3, [(3, 3)])
        stored = [passage for found in read_passages(sqlite_db, ids(sqlite_db)).values() for passage in found]
        assert sorted(other.embedded) == sorted(passage.embedded_text for passage in stored)
        assert dict(library.store.marks()) == marks
        upgraded = Library(sqlite_db, library.store, other)
        assert paths_found(upgraded, "tent") == {"documents/tents.md"}
        assert paths_found(upgraded, "pay", HR) == {"documents/pay.md"}
        with pytest.raises(IndexOutdated):
            library.search("tent", STAFF)
        sums = [document.sums for document in list_documents(sqlite_db) if document.is_served]
        assert {each.index for each in sums if each} == {upgraded.index_name}

    def test_what_was_embedded_is_what_the_passages_made(
        self, stocked: Shop, sqlite_db: Database, library: Library
    ) -> None:
        assert isinstance(library.embedder, HashEmbedder)
        first = sorted(library.embedder.embedded)
        again = HashEmbedder("again")
        reindex(sqlite_db, library.store, again, None, no_progress)
        assert sorted(again.embedded) == first

    def test_until_it_is_whole_the_old_one_serves(
        self, stocked: Shop, sqlite_db: Database, library: Library, tmp_path: Path
    ) -> None:
        with pytest.raises(LookupError):
            reindex(sqlite_db, library.store, Dying("other"), None, no_progress)
        assert paths_found(library, "tent") == {"documents/tents.md"}
        library.close()
        assert len([each for each in (tmp_path / "search").iterdir() if each.is_dir()]) == 1
        assert paths_found(library, "tent") == {"documents/tents.md"}
        assert reindex(sqlite_db, library.store, HashEmbedder(), None, no_progress).passages == 3
        assert paths_found(library, "tent") == {"documents/tents.md"}


def ids(db: Database) -> list[str]:
    return [document.id for document in list_documents(db)]


class TestSnapshot:
    def test_a_library_comes_back_as_it_was(
        self, stocked: Shop, sqlite_db: Database, library: Library, tmp_path: Path
    ) -> None:
        before = (list_documents(sqlite_db), dict(library.store.marks()))
        made = write_snapshot(sqlite_db, library.store, tmp_path / "away")
        assert made.rows == {"documents": 3, "passages": 3, "ingestions": 1, "releases": 0}
        (stocked.documents / "pay.md").unlink()
        stocked.write("tents.md", "# Tents\n\nNo tents any more.\n")
        stocked.ingest(sqlite_db, library)
        restore_snapshot(sqlite_db, library, tmp_path / "away")
        assert (list_documents(sqlite_db), dict(library.store.marks())) == before
        assert paths_found(library, "tent") == {"documents/tents.md"}
        assert paths_found(library, "pay", HR) == {"documents/pay.md"}
        verify_audit(sqlite_db)
        assert stocked.ingest(sqlite_db, library).changes == {"changed": 1, "removed": 1, "unchanged": 1}

    @pytest.mark.parametrize("name", ["passages.jsonl", "index/index.json"])
    def test_a_damaged_one_is_refused_before_anything_is_touched(
        self, stocked: Shop, sqlite_db: Database, library: Library, tmp_path: Path, name: str
    ) -> None:
        write_snapshot(sqlite_db, library.store, tmp_path / "away")
        before = (list_documents(sqlite_db), dict(library.store.marks()))
        damaged = tmp_path / "away" / name
        damaged.write_bytes(damaged.read_bytes()[:-3])
        with pytest.raises(SnapshotInvalid, match=f"{name} is missing or not what was written"):
            restore_snapshot(sqlite_db, library, tmp_path / "away")
        damaged.unlink()
        with pytest.raises(SnapshotInvalid, match="is missing"):
            restore_snapshot(sqlite_db, library, tmp_path / "away")
        assert (list_documents(sqlite_db), dict(library.store.marks())) == before

    def test_an_added_file_is_refused(
        self, stocked: Shop, sqlite_db: Database, library: Library, tmp_path: Path
    ) -> None:
        write_snapshot(sqlite_db, library.store, tmp_path / "away")
        (tmp_path / "away" / "index" / "extra").write_text("x")
        with pytest.raises(SnapshotInvalid, match="index/extra"):
            restore_snapshot(sqlite_db, library, tmp_path / "away")

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"index": "older+bm25-en-0"}, "restore it with the version of Crewdesk that made it"),
            ({"columns": {"documents": ["id"]}}, "restore it with the version"),
            ({"store": "ServerStore"}, "only the same kind of engine"),
            ({"model": "/no/such/model"}, "needs the embedding model in /no/such/model"),
            ({"format": 2}, "not a manifest this version can read"),
        ],
    )
    def test_one_that_could_not_be_searched_is_refused(
        self,
        stocked: Shop,
        sqlite_db: Database,
        library: Library,
        tmp_path: Path,
        changes: dict[str, object],
        says: str,
    ) -> None:
        write_snapshot(sqlite_db, library.store, tmp_path / "away")
        manifest = tmp_path / "away" / "manifest.json"
        manifest.write_text(json.dumps({**json.loads(manifest.read_text()), **changes}))
        with pytest.raises(SnapshotInvalid, match=says):
            restore_snapshot(sqlite_db, library, tmp_path / "away")

    def test_it_goes_into_a_new_folder_and_comes_from_a_whole_one(
        self, stocked: Shop, sqlite_db: Database, library: Library, tmp_path: Path
    ) -> None:
        with pytest.raises(InvalidInput, match="is not empty"):
            write_snapshot(sqlite_db, library.store, stocked.documents)
        with pytest.raises(SnapshotInvalid, match="no whole snapshot"):
            restore_snapshot(sqlite_db, library, tmp_path / "nowhere")


def test_an_empty_library_has_nothing_to_put_away(
    sqlite_db: Database, library: Library, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput, match="run `crewdesk ingest` first"):
        write_snapshot(sqlite_db, library.store, tmp_path / "away")
