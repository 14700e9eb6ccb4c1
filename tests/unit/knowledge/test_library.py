"""The library tells nothing of what a scope does not allow, and the age of what it does."""

import threading
from datetime import date, timedelta

import pytest

from knowledge.bootstrap import open_library
from knowledge.library import Library
from knowledge.search.access import AccessScope
from knowledge.search.edge_store import EdgeStore
from knowledge.search.port import Filters
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
    assert [hit.title for hit in filled.search("tents", STAFF, filters=Filters("market")).hits] == ["Trends"]
    assert filled.search("tents", STAFF, filters=Filters("nowhere")).hits == ()


@pytest.mark.parametrize("text", ["", " \n", "\0", "??", "tent " * 3_000, "\ud800", "'; DROP TABLE--"])
def test_any_query_is_answered(filled: Library, text: str) -> None:
    assert all(hit.classification for hit in filled.search(text, STAFF).hits)


def test_the_limit_holds(filled: Library) -> None:
    assert len(filled.search("tents", STAFF, limit=2).hits) == 2
    assert filled.search("tents", STAFF, limit=0).hits == ()


def test_filters_are_held_against_the_rows(filled: Library) -> None:
    owned = Filters(owner="desk@shop.example", updated_from=date(2026, 1, 5), updated_to=date(2026, 1, 5))
    assert {hit.path for hit in filled.search("tents", STAFF, filters=owned, limit=50).hits} == {
        "documents/returns.md"
    }
    later = Filters(updated_from=date(2026, 1, 6))
    assert filled.search("tents", STAFF, filters=later).hits == ()
    assert filled.search("tents", STAFF, filters=Filters(language="de")).hits == ()


def test_strangers_read_what_is_public_and_no_more(filled: Library) -> None:
    strangers = AccessScope.of_strangers()
    assert paths_found(filled, "tents pay budget", strangers) == {"documents/returns.md"}
    document_id = filled.search("tents", strangers).hits[0].document_id
    assert filled.read_document(document_id, strangers) is not None
    pay = filled.search("pay bands", HR).hits[0].document_id
    assert filled.read_document(pay, strangers) is None


def test_a_public_document_for_nobody_stays_for_nobody(
    shop: Shop, sqlite_db: Database, library: Library
) -> None:
    shop.write("draft.md", "---\ngroups: []\nclassification: public\n---\n# Draft\n\nTents for all.\n")
    shop.ingest(sqlite_db, library)
    assert paths_found(library, "tents", AccessScope.of_strangers()) == set()


def test_a_passage_is_shown_amid_its_neighbours(filled: Library) -> None:
    hit = filled.search("dry tents", STAFF).hits[0]
    around = filled.neighbours(hit.passage_id, STAFF)
    assert [passage.text for passage in around] == ["Ask at the desk.", "Dry them first."]
    assert [p.text for p in filled.neighbours(hit.passage_id, STAFF, before=0)] == ["Dry them first."]
    assert filled.neighbours(hit.passage_id, AccessScope(frozenset({"finance"}))) == ()
    assert filled.neighbours("0" * 36, STAFF) == ()


LOST = "A lost key costs {price}. Tell the desk at once, so that the lock can be changed before the evening."


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        (LOST.format(price="40 EUR"), 1),
        (LOST.format(price="40 EUR").replace("at once", "AT ONCE,"), 1),
        (LOST.format(price="40 EUR").replace("evening", "night"), 1),
        (LOST.format(price="45 EUR"), 2),
        (LOST.format(price="40 EUR").replace("can be", "cannot be"), 2),
        ("A lost key costs 40 EUR.", 2),
    ],
)
def test_copies_are_shown_once_and_disagreements_twice(
    change: str, shown: int, shop: Shop, sqlite_db: Database, library: Library
) -> None:
    old = LOST.format(price="40 EUR")
    shop.write("keys-2024.md", f"---\nupdated: 2024-03-01\nreview_by: 2025-03-01\n---\n# Keys\n\n{old}\n")
    shop.write("keys.md", f"---\nupdated: 2026-01-10\n---\n# Keys\n\n{change}\n")
    shop.ingest(sqlite_db, library)
    hits = library.search("what does a lost key cost", STAFF).hits
    assert len(hits) == shown
    assert "documents/keys.md" in {hit.path for hit in hits}


def test_something_withheld_is_said_but_not_shown(filled: Library) -> None:
    both, question = frozenset({"everyone", "hr"}), "where does level 4 start in the pay bands"
    alone = filled.search(question, AccessScope(both))
    assert (alone.hits[0].path, alone.withheld) == ("documents/pay.md", False)
    in_company = filled.search(question, AccessScope(both, (frozenset({"everyone"}),)))
    assert in_company.withheld
    assert "documents/pay.md" not in {hit.path for hit in in_company.hits}


@pytest.mark.parametrize(
    ("question", "scope"),
    [
        (
            "how are dry tents returned",
            AccessScope(frozenset({"everyone", "hr"}), (frozenset({"everyone"}),)),
        ),
        ("pay bands", AccessScope(frozenset({"hr"}), (frozenset({"everyone", "hr"}),))),
        ("pay bands", AccessScope(frozenset({"everyone"}), (frozenset({"hr"}),))),
        ("quantum chromodynamics", AccessScope(frozenset({"hr"}), (frozenset({"everyone"}),))),
    ],
)
def test_nothing_is_said_to_be_withheld_that_would_not_have_been_shown(
    filled: Library, question: str, scope: AccessScope
) -> None:
    assert not filled.search(question, scope).withheld


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
