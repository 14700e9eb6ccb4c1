"""The library tells nothing of what a scope does not allow, and the age of what it does."""

import threading
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge.bootstrap import open_library
from knowledge.library import Library
from knowledge.search.access import AccessScope
from knowledge.search.edge_store import EdgeStore
from knowledge.search.server_store import ServerStore
from ledger.clock import ManualClock
from ledger.db import Database
from ledger.settings import SearchSettings
from tests.conftest import START
from tests.unit.knowledge.shop import HR, STAFF, Shop, paths_found


@pytest.fixture
def filled(shop: Shop, sqlite_db: Database, library: Library) -> Library:
    shop.write(
        "returns.md",
        "---\nowner: desk@shop.example\nupdated: 2026-01-05\nreview_by: 2026-03-02\n"
        "classification: public\n---\n"
        "# Returns\n\nAsk at the desk.\n\n## Tents\n\nDry them first.\n",
    )
    shop.write("pay.md", "---\ngroups: [hr]\n---\n# Pay bands\n\nLevel 4 starts at 41,000 EUR.\n")
    shop.write("both.md", "---\ngroups: [hr, finance]\n---\n# Budget\n\nThe pay budget is 2 million EUR.\n")
    shop.write("trends.md", "---\ncollection: market\n---\n# Trends\n\nTents sell well.\n")
    shop.ingest(sqlite_db, library)
    return library


def test_a_hit_carries_what_a_citation_needs(filled: Library) -> None:
    hit = filled.search("dry tents", STAFF).hits[0]
    assert (hit.path, hit.title, hit.heading_path, hit.locator, hit.text) == (
        "documents/returns.md",
        "Returns",
        ("Tents",),
        "section Tents",
        "Dry them first.",
    )
    assert (hit.owner, hit.updated, hit.review_by) == ("desk@shop.example", "2026-01-05", "2026-03-02")
    assert (hit.collection, hit.classification, hit.stale) == ("company", "public", False)
    assert 0.3 < hit.score <= 1


def test_a_document_is_stale_the_day_after_its_review_date(filled: Library, sqlite_db: Database) -> None:
    document_id = filled.search("dry tents", STAFF).hits[0].document_id
    document = filled.read_document(document_id, STAFF)
    assert document is not None
    assert not document.stale
    clock = sqlite_db.clock
    assert isinstance(clock, ManualClock)
    assert clock.now() == START
    clock.advance(timedelta(days=1).total_seconds())
    assert filled.search("dry tents", STAFF).hits[0].stale
    document = filled.read_document(document_id, STAFF)
    assert document is not None
    assert document.stale


def test_a_document_is_read_whole(filled: Library) -> None:
    document = filled.read_document(filled.search("dry tents", STAFF).hits[0].document_id, STAFF)
    assert document is not None
    assert document.text == "Ask at the desk.\n\n# Tents\n\nDry them first."


def test_the_restricted_is_as_if_it_were_not_there(filled: Library) -> None:
    question = "where does level 4 start in the pay bands"
    secret = filled.search(question, HR).hits[0]
    assert secret.path == "documents/pay.md"
    assert paths_found(filled, question) == {"documents/returns.md", "documents/trends.md"}
    assert filled.read_document(secret.document_id, STAFF) is None
    assert filled.read_document("0" * 36, STAFF) is None


def test_everybody_who_reads_the_answer_must_be_cleared(filled: Library) -> None:
    in_channel = AccessScope(frozenset({"everyone", "hr"}), (frozenset({"finance"}),))
    assert paths_found(filled, "pay", in_channel) == {"documents/both.md"}
    pay = filled.search("pay bands", HR).hits[0].document_id
    assert filled.read_document(pay, in_channel) is None


def test_only_the_collection_asked_for(filled: Library) -> None:
    assert [hit.title for hit in filled.search("tents", STAFF, collection="market").hits] == ["Trends"]
    assert filled.search("tents", STAFF, collection="nowhere").hits == ()


@pytest.mark.parametrize("text", ["", " \n", "\0", "??", "tent " * 3_000, "\ud800", "'; DROP TABLE--"])
def test_any_query_is_answered(filled: Library, text: str) -> None:
    assert all(hit.classification for hit in filled.search(text, STAFF).hits)


def test_the_limit_holds(filled: Library) -> None:
    assert len(filled.search("tents", STAFF, limit=2).hits) == 2
    assert filled.search("tents", STAFF, limit=0).hits == ()


_groups = st.frozensets(st.sampled_from(["everyone", "hr", "finance", "it"]), max_size=4)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(groups=_groups, audience=st.none() | _groups)
def test_no_scope_reads_beyond_its_groups(
    filled: Library, groups: frozenset[str], audience: frozenset[str] | None
) -> None:
    rights = {
        "documents/returns.md": {"everyone"},
        "documents/trends.md": {"everyone"},
        "documents/pay.md": {"hr"},
        "documents/both.md": {"hr", "finance"},
    }
    access = AccessScope(groups, () if audience is None else (audience,))
    allowed = {path for path, of_document in rights.items() if access.allows(of_document)}
    assert paths_found(filled, "pay budget tents", access) == allowed


def test_threads_share_a_library(filled: Library) -> None:
    answers: list[str] = []

    def ask() -> None:
        answers.extend(filled.search("dry tents", STAFF).hits[0].text for _ in range(5))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == ["Dry them first."] * 20


def test_the_settings_choose_the_store(sqlite_db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(open_library(SearchSettings(), sqlite_db).store, EdgeStore)
    monkeypatch.setenv("CREWDESK_QDRANT_URL", "http://127.0.0.1:9")
    library = open_library(SearchSettings(), sqlite_db)
    assert isinstance(library.store, ServerStore)
    library.close()
