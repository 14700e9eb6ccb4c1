"""The market researcher in the web: what it is offered, what leaves the company, where it may go, and that a
web that fails is an answer."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crews.catalog import shipped_crews
from crews.specs import CrewSpec, check_tools
from crews.step_context import StepContext
from crews.tools.gate import Effect, Status, ToolOutcome, call_tool
from crews.tools.read_page import READ_PAGE
from crews.tools.shipped import shipped_tools
from crews.tools.trust import Trust, trust_of
from crews.tools.web_search import IN_RESULTS, WEB_SEARCH
from ledger.errors import WorkspaceInvalid
from ledger.evidence import WEB_PAGE, list_evidence
from ledger.outgoing import inert
from ledger.people import find_principal
from ledger.replays import submit_replay
from ledger.workspace import declared_web
from tests.stand_ins.provider import ChatRequest, Reply, ScriptedProvider, Text, ToolCall
from tests.stand_ins.web import Page, StandInWeb, page, redirect, result
from tests.unit.crews.market_world import GROWTH, MARKET_QUESTION, runner_with_web, web_desk
from tests.unit.crews.test_gate import Gate, tool
from tests.unit.crews.world import STAFF, Desk, candidate

SITE = "tents.example"
SAID = "Rivals charge 19 EUR a day for renting a tent."
QUESTION = "What do rivals charge for renting a tent?"
MAIL = "jo.doe@shop.example"


@pytest.fixture
def web() -> Iterator[StandInWeb]:
    with StandInWeb() as web:
        web.pages["/prices"] = page("Tent prices", f"{SAID} Prices rose in spring.")
        web.results = [result(web.address(SITE, "/prices"), "Tent prices", "What renting a tent costs.")]
        yield web


class WebGate(Gate):
    """The `answer` step of a run that may look in the web."""

    def __init__(self, desk: Desk, web: StandInWeb, *allowed: str) -> None:
        super().__init__(desk)
        outside = web_desk(web, allowed)
        self.context.web_desk = lambda: outside
        self.context.collection = "market"


@pytest.fixture
def gate(market_desk: Desk, web: StandInWeb) -> WebGate:
    return WebGate(market_desk, web, "allowed.example")


def researcher(request: ChatRequest) -> Reply:
    """Looks in the reports, then in the web, then reads what it found there."""
    if not request.tool_results("search_knowledge"):
        return ToolCall("search_knowledge", {"query": "rivals' prices for renting a tent"})
    if not request.tool_results("web_search"):
        return ToolCall("web_search", {"query": "tent rental prices [EMAIL_1]"})
    [found] = request.tool_results("web_search")
    label = json.loads(found)["evidence"][0]["id"]
    if not request.tool_results("read_page"):
        return ToolCall("read_page", {"page": label})
    [read] = request.tool_results("read_page")
    label = json.loads(read)["evidence"][0]["id"]
    return Text(json.dumps({"claims": [{"text": SAID, "evidence": [label]}], "missing": None}))


def test_what_the_web_says_is_cited_evidence_of_its_day(market_desk: Desk, web: StandInWeb) -> None:
    with ScriptedProvider(researcher) as provider:
        runner = runner_with_web(market_desk, web, candidate(provider))
        run_id = market_desk.submit(f"{QUESTION} Ask {MAIL}.", workflow="survey")
        view = market_desk.finish(run_id, runner)
        told = provider.requests[-1].tool_results("read_page")[0]
    assert (view.state, [claim.text for claim in view.claims]) == ("answered", [SAID])
    [cited] = view.evidence
    assert (cited.kind, cited.details["title"], cited.details["section"]) == (WEB_PAGE, "Tent prices", SITE)
    assert cited.as_of == market_desk.db.clock.now().date().isoformat()
    # Its address is said in words that no program follows.
    assert cited.source == "tents[.]example/prices"
    assert inert(cited.source) == cited.source
    assert '"text": "<untrusted ' in told
    of_web = [item for item in list_evidence(market_desk.db, run_id) if item.finding.kind == WEB_PAGE]
    assert [item.finding.source for item in of_web] == [web.address(SITE, "/prices")] * 2
    assert {trust_of(item.finding) for item in of_web} == {Trust.UNTRUSTED}
    assert any("web_search" in sentence for sentence in view.how_found)


def test_what_leaves_holds_no_personal_data_and_is_on_record(market_desk: Desk, web: StandInWeb) -> None:
    with ScriptedProvider(researcher) as provider:
        runner = runner_with_web(market_desk, web, candidate(provider))
        run_id = market_desk.submit(f"{QUESTION} Ask {MAIL}.", workflow="survey")
        market_desk.finish(run_id, runner)
        assert not any(MAIL in request.prompt for request in provider.requests)
    assert web.searches() == ["tent rental prices"]
    assert not any(MAIL in str(asked) or "EMAIL" in str(asked) for asked in web.asked.snapshot())
    spans = {span.name: span for span in market_desk.spans(run_id, "retrieval")}
    assert spans["search the web"].input == {"query": "tent rental prices"}
    assert spans["read a web page"].output["host"] == SITE


@pytest.mark.parametrize(
    ("query", "sent"),
    [
        ("tents", "tents"),
        (f"tents of {MAIL}", "tents of"),
        ("tents sk-abcdefghijklmnopqrstuvwx", "tents"),
        ("[EMAIL_1] tents [PERSON_2]", "tents"),
    ],
)
def test_a_query_leaves_without_secrets_and_personal_data(
    gate: WebGate, web: StandInWeb, query: str, sent: str
) -> None:
    gate.call(WEB_SEARCH, query="all the tents")
    call_tool(gate.context, WEB_SEARCH, {"query": query})
    assert web.searches()[1:] == [sent]


def test_what_stands_behind_a_token_is_not_given_to_a_tool_that_looks_outside(market_desk: Desk) -> None:
    def given(effect: Effect) -> list[str]:
        words: list[str] = []

        def run(_context: StepContext, word: Any) -> ToolOutcome:
            words.append(word.word)
            return ToolOutcome(Status.FOUND)

        gate.call(tool(run, effect), word="[EMAIL_1]")
        return words

    gate = Gate(market_desk)
    gate.context.mask.fresh(f"Ask {MAIL}.")
    assert [given(effect) for effect in (Effect.READ, Effect.LOOK_OUTSIDE)] == [[MAIL], ["[EMAIL_1]"]]


def test_a_long_query_in_any_script_reaches_the_engine(gate: WebGate, web: StandInWeb) -> None:
    query = "帐篷租赁" * 100
    assert gate.call(WEB_SEARCH, query=query)["status"] == "found"
    assert web.searches() == [query]


def test_a_query_of_nothing_else_does_not_leave(gate: WebGate, web: StandInWeb) -> None:
    answer = json.loads(call_tool(gate.context, WEB_SEARCH, {"query": MAIL}))
    assert (answer["status"], web.searches()) == ("denied", [])


def test_without_a_search_engine_no_model_hears_of_the_web(market_desk: Desk, web: StandInWeb) -> None:
    offered: list[frozenset[str]] = []

    def script(request: ChatRequest) -> Reply:
        offered.append(frozenset(request.tools))
        return Text('{"claims": [], "missing": "nothing"}')

    with ScriptedProvider(script) as provider:
        market_desk.ask(MARKET_QUESTION, candidate(provider), workflow="survey")
        run_id = market_desk.submit(MARKET_QUESTION, workflow="survey")
        market_desk.finish(run_id, runner_with_web(market_desk, web, candidate(provider)))
    reports = frozenset({"search_knowledge", "read_document"})
    assert [offered[0], offered[-1]] == [reports, reports | {"web_search", "read_page"}]


def test_the_floor_answers_from_reports_alone(market_desk: Desk, web: StandInWeb) -> None:
    run_id = market_desk.submit(MARKET_QUESTION, workflow="survey")
    view = market_desk.finish(run_id, runner_with_web(market_desk, web))
    assert (view.claims[0].text, web.asked.snapshot()) == (GROWTH, ())


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (Page(status=500), "unavailable"),
        (Page(status=429), "unavailable"),
        (Page(b"{", "application/json"), "unavailable"),
        (Page(b'{"results": []}' * 50, "application/json", manner="dripping"), "unavailable"),
        (Page(b'{"results": []}', "application/json"), "nothing_found"),
    ],
)
def test_a_search_engine_that_fails_is_an_answer(
    gate: WebGate, web: StandInWeb, reply: Page, status: str
) -> None:
    web.search_reply = reply
    answer = gate.call(WEB_SEARCH, query="tents")
    assert answer["status"] == status
    assert answer["note"]


@pytest.mark.parametrize(
    ("served", "status"),
    [
        (Page(status=500), "unavailable"),
        (Page(b"\x89PNG", "image/png"), "unavailable"),
        (Page(b"x" * 1_000, manner="dripping"), "unavailable"),
        (Page(b"x" * 10_000, manner="endless"), "unavailable"),
        (Page(b"%PDF-1.7 broken", "application/pdf"), "unavailable"),
        (redirect("http://169.254.169.254/latest/meta-data/"), "denied"),
        (redirect("http://127.0.0.1:1/"), "denied"),
        (redirect("/prices"), "found"),
    ],
)
def test_a_page_that_fails_is_an_answer(gate: WebGate, web: StandInWeb, served: Page, status: str) -> None:
    web.pages["/bad"] = served
    web.results = [result(web.address(SITE, "/bad"), "Bad", "A page.")]
    [found] = gate.call(WEB_SEARCH, query="tents")["evidence"]
    assert gate.call(READ_PAGE, page=found["id"])["status"] == status


def test_only_what_was_found_or_is_allowed_is_read(gate: WebGate, web: StandInWeb) -> None:
    def read(address: str) -> str:
        status: str = gate.call(READ_PAGE, page=address)["status"]
        return status

    prices = web.address(SITE, "/prices")
    assert [read("E1"), read(prices)] == ["denied", "denied"]
    gate.call(WEB_SEARCH, query="tents")
    assert [read("E1"), read(prices), read(prices + "?d=all-we-know")] == ["found", "found", "denied"]
    allowed = [web.address(host, "/prices") for host in ("allowed.example", "www.allowed.example")]
    others = [
        web.address(host, "/prices") for host in ("not-allowed.example", "allowed.example.evil.example")
    ]
    assert [read(address) for address in (*allowed, *others)] == ["found", "found", "denied", "denied"]
    # Another run's results are not this one's.
    other = WebGate(gate.desk, web)
    assert other.call(READ_PAGE, page=prices)["status"] == "denied"


def test_a_page_leads_on_only_within_its_site_and_what_is_allowed(gate: WebGate, web: StandInWeb) -> None:
    for number, host in enumerate(("www.tents.example", "allowed.example", "evil.example")):
        web.pages[f"/to{number}"] = redirect(web.address(host, "/prices"))
    web.results = [result(web.address(SITE, f"/to{number}"), f"T{number}", "To.") for number in range(3)]
    found = gate.call(WEB_SEARCH, query="tents")["evidence"]
    statuses = [gate.call(READ_PAGE, page=item["id"])["status"] for item in found]
    assert statuses == ["found", "found", "denied"]


def test_an_allowed_address_with_a_secret_in_it_does_not_leave(gate: WebGate, web: StandInWeb) -> None:
    address = web.address("allowed.example", f"/prices?of={MAIL}")
    answer = json.loads(call_tool(gate.context, READ_PAGE, {"page": address}))
    assert (answer["status"], web.asked.snapshot()) == ("denied", ())


def test_after_reading_the_web_nothing_is_written_or_sent(gate: WebGate) -> None:
    gate.call(WEB_SEARCH, query="tents")
    again = gate.call(WEB_SEARCH, query="more tents")
    assert again["status"] == "found"
    assert [item.finding.locator for item in gate.context.evidence] == [IN_RESULTS]
    writing = tool(lambda _context, _word: ToolOutcome(Status.FOUND), Effect.WRITE)
    refused = gate.call(writing, word="as the page says")
    assert (refused["status"], "needs a person's decision" in refused["note"]) == ("denied", True)


def test_a_replay_does_not_go_out_again(market_desk: Desk, web: StandInWeb) -> None:
    with ScriptedProvider(researcher) as provider:
        runner = runner_with_web(market_desk, web, candidate(provider))
        view = market_desk.finish(market_desk.submit(QUESTION, workflow="survey"), runner)
        before = len(web.asked.snapshot())
        staff = find_principal(market_desk.db, STAFF)
        again = market_desk.finish(submit_replay(market_desk.db, view.run_id, staff, None), runner)
        submitted = submit_replay(market_desk.db, view.run_id, staff, "main")
        provider.play(_another)
        market_desk.finish(submitted, runner)
    assert again.claims == view.claims
    assert len(web.asked.snapshot()) == before


def _another(request: ChatRequest) -> Reply:
    if not request.tool_results("web_search"):
        return ToolCall("web_search", {"query": "something else"})
    return Text('{"claims": [], "missing": "nothing"}')


def crew(**changes: Any) -> CrewSpec:
    spec = shipped_crews(shipped_tools())["market_researcher"].spec
    return spec.model_copy(update=changes)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"collection": None}, "collection"),
        ({"collection": "company"}, "collection"),
        ({"tools": ("web_search", "query_metrics")}, "tools"),
        ({"tools": ("read_page", "open_ticket")}, "tools"),
    ],
)
def test_a_crew_that_looks_in_the_web_has_nothing_of_the_companys(changes: dict[str, Any], key: str) -> None:
    path = Path("crews/own/crew.yaml")
    check_tools(path, crew(), shipped_tools())
    with pytest.raises(WorkspaceInvalid, match=rf"crew\.yaml: {key}: "):
        check_tools(path, crew(**changes), shipped_tools())


@pytest.mark.parametrize("place", ["{conversation}", "{inputs}", "{item}"])
def test_nor_is_it_told_what_others_found(place: str) -> None:
    task = crew().task.model_copy(update={"description": f"Of {place}: {{question}}"})
    with pytest.raises(WorkspaceInvalid, match=r"task\.description"):
        check_tools(Path("crew.yaml"), crew(task=task), shipped_tools())


def test_a_step_without_the_web_says_so(market_desk: Desk) -> None:
    context: StepContext = Gate(market_desk).context
    answer = json.loads(call_tool(context, WEB_SEARCH, {"query": "tents"}))
    assert answer["status"] == "unavailable"
    assert "CREWDESK_WEB_SEARCH_URL" in answer["note"]


@pytest.mark.parametrize(
    ("web_part", "said"),
    [
        ("web: {allowed_domains: [statistics.example]}", None),
        ("web: {allowed_domains: ['*.example']}", "web.allowed_domains"),
        ("web: {allowed_domains: ['https://statistics.example/']}", "web.allowed_domains"),
        ("web: {allowed_domains: ['127.0.0.1']}", "web.allowed_domains"),
        ("web: {domains: []}", "web.domains"),
    ],
)
def test_a_workspace_names_domains_and_nothing_else(tmp_path: Path, web_part: str, said: str | None) -> None:
    assert declared_web(tmp_path).allowed_domains == ()
    (tmp_path / "workspace.yaml").write_text(f"name: Shop\n{web_part}\n")
    if said is None:
        assert declared_web(tmp_path).allowed_domains == ("statistics.example",)
        return
    with pytest.raises(WorkspaceInvalid, match=re.escape(said)):
        declared_web(tmp_path)
