"""The market researcher: it answers from industry reports, and nothing it asks for gets it a document of the
company's own."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from crews.bootstrap import publish_workflows
from crews.floor.parts import figures_part, market_part
from crews.tools.read_document import READ_DOCUMENT
from crews.tools.search_knowledge import SEARCH_KNOWLEDGE
from knowledge.library import Library
from ledger.db import Database
from ledger.documents import list_documents
from ledger.evidence import list_evidence
from ledger.reading import RunView
from ledger.result import FLOOR_MODEL
from tests.model_cache import packaged_embedder
from tests.stand_ins.provider import ChatRequest, Reply, ScriptedProvider, Text, ToolCall
from tests.unit.crews.test_gate import Gate, plain
from tests.unit.crews.world import Desk, Shop, candidate, opened_shop

MARKET_QUESTION = "How fast does the market for renting tents grow?"
OURS = "documents/renting.md"
REPORT = "documents/rental-market.md"
GROWTH = "The market for renting tents grows by 14 percent a year."
WORKFLOW = """\
name: survey
description: Market research alone.
steps:
  - {key: research, kind: crew, uses: market_researcher}
  - {key: verify, kind: function, uses: verify_answer, needs: [research]}
"""
_DOCUMENTS = {
    "rental-market.md": f"""\
---
title: Tent rental market
collection: market
updated: 2026-06-01
review_by: 2099-01-01
---
# Tent rental market

{GROWTH} Analysts expect the market to double by 2031.
""",
    "renting.md": """\
---
title: Renting of tents
updated: 2026-06-01
review_by: 2099-01-01
---
# How fast renting of tents grows with us

Our own renting of tents grew by 31 percent, much faster than the market for renting tents.
""",
}


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with opened_shop(tmp_path_factory.mktemp("market"), _DOCUMENTS) as shop:
        yield shop


@pytest.fixture
def desk(market: Shop, _hardened: Path, tmp_path: Path) -> Iterator[Desk]:
    shutil.copy(market.database, tmp_path / "desk.db")
    db = Database(f"sqlite:///{tmp_path / 'desk.db'}")
    folder = tmp_path / "company"
    (folder / "workflows").mkdir(parents=True)
    (folder / "workflows" / "survey.yaml").write_text(WORKFLOW)
    (folder / "workspace.yaml").write_text("name: Shop\n")
    publish_workflows(db, folder)
    yield Desk(db, Library(db, market.store, packaged_embedder()), _hardened)
    db.close()


def sources(desk: Desk, view: RunView) -> set[str]:
    return {item.finding.source for item in list_evidence(desk.db, view.run_id)}


def document_id(desk: Desk, path: str) -> str:
    return next(document.id for document in list_documents(desk.db) if document.path == path)


def test_without_a_model_it_quotes_reports_and_nothing_else(desk: Desk) -> None:
    view = desk.ask(MARKET_QUESTION, workflow="survey")
    assert view.state == "answered"
    assert view.claims[0].text == GROWTH
    assert (view.model and view.model.name, view.specialist) == (FLOOR_MODEL, "Market researcher")
    assert sources(desk, view) == {REPORT}


def test_a_model_gets_no_company_document_whatever_it_asks_for(desk: Desk) -> None:
    ours = document_id(desk, OURS)
    answers: list[str] = []

    def script(request: ChatRequest) -> Reply:
        calls = (
            ToolCall("search_knowledge", {"query": "renting of tents"}),
            ToolCall("search_knowledge", {"query": "our renting of tents", "collection": "company"}),
            ToolCall("search_knowledge", {"query": "our renting of tents grew", "collection": "market"}),
            ToolCall("read_document", {"document_id": ours}),
        )
        told = request.tool_results("search_knowledge") + request.tool_results("read_document")
        if len(told) < len(calls):
            return calls[len(told)]
        answers.extend(told)
        return Text(json.dumps({"claims": [{"text": GROWTH, "evidence": ["E1"]}], "missing": None}))

    with ScriptedProvider(script) as provider:
        view = desk.ask(MARKET_QUESTION, candidate(provider), workflow="survey")
    assert [json.loads(answer)["status"] for answer in answers] == [
        "found",
        "denied",
        "found",
        "nothing_found",
    ]
    assert (view.state, [claim.text for claim in view.claims]) == ("answered", [GROWTH])
    assert sources(desk, view) == {REPORT}
    assert not any("31 percent" in request.prompt for request in provider.requests)


@pytest.mark.parametrize(
    ("collection", "found"), [(None, {OURS, REPORT}), ("market", {REPORT}), ("company", {OURS})]
)
def test_tools_find_documents_only_in_the_crews_collection(
    desk: Desk, collection: str | None, found: set[str]
) -> None:
    gate = Gate(desk)
    gate.context.collection = collection  # type: ignore[assignment]
    gate.call(SEARCH_KNOWLEDGE, query="renting of tents")
    assert {item.finding.source for item in gate.context.evidence} == found
    read = [gate.call(READ_DOCUMENT, document_id=document_id(desk, path)) for path in (OURS, REPORT)]
    assert [answer["status"] == "found" for answer in read] == [OURS in found, REPORT in found]
    titles = {plain(item["title"]) for answer in read for item in answer.get("evidence", ())}
    assert titles == {{OURS: "Renting of tents", REPORT: "Tent rental market"}[path] for path in found}


@pytest.mark.parametrize(
    ("question", "figures", "market"),
    [
        (
            "How did our revenue develop in Q3 and what does the industry expect?",
            "How did our revenue develop in Q3",
            "what does the industry expect?",
        ),
        (
            "How fast is the market growing? What was our revenue?",
            "What was our revenue?",
            "How fast is the market growing",
        ),
        ("What do analysts expect and how large is the market?", None, None),
        ("How large is the market?", None, None),
        ("What does the handbook say and what do competitors do?", None, "what do competitors do?"),
    ],
)
def test_a_question_is_parted_in_figures_and_market(
    question: str, figures: str | None, market: str | None
) -> None:
    assert (figures_part(question), market_part(question)) == (figures, market)
