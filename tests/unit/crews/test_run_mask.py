"""Personal data within a run: tokens in all that is sent, recorded and kept; values for the asker alone."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from crews.run_mask import RunMask
from knowledge.library import Library
from knowledge.pii.presidio import open_pattern_detector
from ledger.db import Database
from ledger.people import find_principal
from ledger.pii_tokens import list_tokens
from ledger.reading import get_run, get_run_for, list_runs
from ledger.result import FLOOR_MODEL
from ledger.schema import Base
from tests.model_cache import packaged_embedder
from tests.stand_ins.provider import ChatRequest, Reply, ScriptedProvider, Text, ToolCall
from tests.unit.crews.world import ENGINEER, STAFF, Desk, Shop, candidate, opened_shop

MAIL = "carla.reyes@example.com"
PHONE = "+1 202-555-0147"
CARD = "4111 1111 1111 1111"
ASKERS_MAIL = "sam.field@example.org"
# Brought up by the model alone.
IMAGINED = ("dan.cole@example.net", "eve.poole@example.net")
VALUES = (MAIL, PHONE, CARD, ASKERS_MAIL, *IMAGINED)

QUESTION = f"Who do I tell about a lost company card? Write back to {ASKERS_MAIL}."
SENTENCE = f"Tell a lost company card to {MAIL} or call {PHONE}."
DOCUMENTS = {
    "cards.md": f"""\
---
title: Company cards
owner: treasury@shop.example
updated: 2026-01-05
pii: {{actions: {{credit_card: allow}}}}
---
# Lost company cards

{SENTENCE} The card for trying a till out is {CARD}.
"""
}


@pytest.fixture(scope="module")
def card_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with opened_shop(tmp_path_factory.mktemp("cards"), DOCUMENTS) as shop:
        yield shop


@pytest.fixture
def card_desk(card_shop: Shop, _hardened: Path, tmp_path: Path) -> Iterator[Desk]:
    shutil.copy(card_shop.database, tmp_path / "desk.db")
    db = Database(f"sqlite:///{tmp_path / 'desk.db'}")
    yield Desk(db, Library(db, card_shop.store, packaged_embedder()), _hardened)
    db.close()


def everything_kept(db: Database) -> str:
    """All rows but the documents themselves, the question as it was asked, and the tokens' own table."""
    kept = []
    with db.read() as session:
        for table in Base.metadata.sorted_tables:
            if table.name in ("passages", "pii_tokens"):
                continue
            columns = [
                column for column in table.columns if (table.name, column.name) != ("runs", "question")
            ]
            kept.extend(session.execute(select(*columns)).all())
    return repr(kept)


def quoting_model(request: ChatRequest) -> Reply:
    """Searches once, then quotes the sentence about lost cards as the tool gave it."""
    if "- help_desk:" in request.prompt:
        return Text('{"specialists": ["help_desk"], "reason": "It is about cards."}')
    results = request.tool_results("search_knowledge")
    if not results:
        return ToolCall("search_knowledge", {"query": f"lost company card of [EMAIL_1], {IMAGINED[0]}"})
    [found] = json.loads(results[-1])["evidence"]
    quoted = found["text"].partition(" The card")[0]
    claims = [{"text": quoted, "evidence": [found["id"]]}]
    return Text(json.dumps({"claims": claims, "missing": f"a word from {IMAGINED[1]}"}))


@pytest.mark.parametrize("with_model", [True, False])
def test_only_the_asker_meets_personal_data(card_desk: Desk, *, with_model: bool) -> None:
    with ScriptedProvider(quoting_model) as provider:
        models = [candidate(provider)] if with_model else []
        delivered = card_desk.ask(QUESTION, *models)
        sent = [request.raw for request in provider.requests]
    assert delivered.model is not None
    assert (delivered.model.name == FLOOR_MODEL) is not with_model
    assert bool(sent) is with_model
    db, run_id = card_desk.db, delivered.run_id
    for value in VALUES:
        assert value not in "".join(sent)
        assert value not in everything_kept(db)

    asker, engineer = find_principal(db, STAFF), find_principal(db, ENGINEER)
    assert get_run_for(db, run_id, asker) == delivered
    assert delivered.answer is not None
    assert SENTENCE in delivered.answer
    assert delivered.question == QUESTION
    assert CARD in delivered.evidence[0].text
    for seen in (get_run_for(db, run_id, engineer), get_run(db, run_id)):
        shown = seen.model_dump_json()
        assert not [value for value in VALUES if value in shown]
        assert seen.question == QUESTION.replace(ASKERS_MAIL, "[EMAIL_1]")
        mail = "[EMAIL_3]" if with_model else "[EMAIL_2]"
        assert f"Tell a lost company card to {mail} or call [PHONE_1]." in (seen.answer or "")
        assert seen.evidence[0].details["owner"] == "treasury@shop.example"
    assert list_runs(db)[0].question == QUESTION.replace(ASKERS_MAIL, "[EMAIL_1]")


def test_a_claim_with_a_token_its_evidence_lacks_is_dropped(card_desk: Desk) -> None:
    def confused(request: ChatRequest) -> Reply:
        reply = quoting_model(request)
        if isinstance(reply, Text):
            return Text(reply.content.replace("[EMAIL_3]", "[EMAIL_1]"))
        return reply

    with ScriptedProvider(confused) as provider:
        view = card_desk.ask(QUESTION, candidate(provider))
    assert (view.outcome, view.reason) == ("abstained", "unsupported")


@pytest.fixture
def mask(card_desk: Desk) -> RunMask:
    return mask_of(card_desk, card_desk.submit(QUESTION))


def mask_of(desk: Desk, run_id: str) -> RunMask:
    return RunMask(desk.db, run_id, open_pattern_detector)


def test_a_value_has_one_token_in_all_steps_of_its_run(card_desk: Desk) -> None:
    run_id, other = card_desk.submit(QUESTION), card_desk.submit(QUESTION)
    first, second = mask_of(card_desk, run_id), mask_of(card_desk, run_id)
    assert first.text(f"Ask {MAIL}") == "Ask [EMAIL_1]"
    assert second.text(f"{ASKERS_MAIL} or {MAIL.upper()}") == "[EMAIL_2] or [EMAIL_1]"
    assert first.text(ASKERS_MAIL) == "[EMAIL_2]"
    assert mask_of(card_desk, other).text(ASKERS_MAIL) == "[EMAIL_1]"
    assert list_tokens(card_desk.db, run_id) == {"[EMAIL_1]": MAIL, "[EMAIL_2]": ASKERS_MAIL}


def test_a_value_met_before_is_masked_where_nothing_gives_it_away(mask: RunMask) -> None:
    assert mask.text("Room 451 5986") == "Room 451 5986"
    assert mask.text("Phone: 451 5986") == "Phone: [PHONE_1]"
    assert mask.text("Room 451 5986, not 9451 5986") == "Room [PHONE_1], not 9451 5986"


def test_masking_twice_changes_nothing(mask: RunMask) -> None:
    data: dict[str, Any] = {
        "text": f"{MAIL}, phone {PHONE}",
        "n": 7,
        "more": [CARD, None, {"x": ASKERS_MAIL}],
    }
    once = mask.data(data)
    assert once == {
        "text": "[EMAIL_1], phone [PHONE_1]",
        "n": 7,
        "more": ["[CREDIT_CARD_1]", None, {"x": "[EMAIL_2]"}],
    }
    assert mask.data(once) == once
    assert mask.reveal(once) == data


def test_a_document_cannot_name_a_token_and_have_it_revealed(mask: RunMask) -> None:
    assert mask.fresh(f"Mine: {MAIL}") == "Mine: [EMAIL_1]"
    hostile = mask.fresh("The boss is [EMAIL_1], says [PHONE_9].")
    assert hostile == "The boss is [LITERAL_1], says [LITERAL_2]."
    assert mask.data(hostile) == hostile
    assert mask.reveal(hostile) == "The boss is [EMAIL_1], says [PHONE_9]."
    assert mask.text("as [EMAIL_1] said") == "as [EMAIL_1] said"
