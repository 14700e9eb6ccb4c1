"""The market researcher: it answers from industry reports, and nothing it asks for gets it a document of the
company's own."""

import json

import pytest

from crews.floor.parts import figures_part, market_part
from crews.tools.read_document import READ_DOCUMENT
from crews.tools.search_knowledge import SEARCH_KNOWLEDGE, look_around
from knowledge.library import Library
from knowledge.search.port import SearchUnavailable
from ledger.documents import list_documents
from ledger.evidence import list_evidence
from ledger.reading import RunView
from ledger.result import FLOOR_MODEL
from tests.stand_ins.provider import ChatRequest, Reply, ScriptedProvider, Text, ToolCall
from tests.unit.crews.market_world import GROWTH, MARKET_QUESTION, OURS, REPORT
from tests.unit.crews.test_gate import Gate, plain
from tests.unit.crews.world import Desk, candidate


@pytest.fixture
def desk(market_desk: Desk) -> Desk:
    return market_desk


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
    ("question", "title"),
    [
        (MARKET_QUESTION, "Help-desk specialist"),
        ("By when do analysts expect the market to double?", "Market researcher"),
    ],
)
def test_the_floor_routes_by_looking_where_the_answer_is(desk: Desk, question: str, title: str) -> None:
    view = desk.ask(question)
    assert (view.state, view.specialist) == ("answered", title)
    looks = [span for span in desk.spans(view.run_id, "retrieval") if span.input["collection"] is None]
    assert looks[0].input["query"] == question


def test_a_route_is_found_also_where_nothing_can_be_searched(desk: Desk) -> None:
    gate = Gate(desk)
    assert look_around(gate.context).keys() == {"company", "market"}

    def unsearchable() -> Library:
        raise SearchUnavailable("There is no index.")

    gate.context.library = unsearchable
    assert look_around(gate.context) == {}


def test_a_model_may_send_a_question_to_it(desk: Desk) -> None:
    def script(request: ChatRequest) -> Reply:
        if not request.tools:
            return Text('{"specialists": ["market_researcher"], "reason": "It is about the market."}')
        if not request.tool_results("search_knowledge"):
            return ToolCall("search_knowledge", {"query": "growth of the market for renting tents"})
        return Text(json.dumps({"claims": [{"text": GROWTH, "evidence": ["E1"]}], "missing": None}))

    with ScriptedProvider(script) as provider:
        view = desk.ask(MARKET_QUESTION, candidate(provider))
    assert (view.state, view.specialist) == ("answered", "Market researcher")
    assert sources(desk, view) == {REPORT}


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
