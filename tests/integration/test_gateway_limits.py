"""What keeps a candidate from being asked, through whole runs: clearance, money, windows, failures."""

# ruff: noqa: F811 - a test takes an imported fixture by naming its parameter like it

from dataclasses import replace
from decimal import Decimal
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from crews.bootstrap import build_step_runner
from crews.errors import StepCancelled
from crews.models.chain import speakers
from crews.models.gateway import GatewayLLM
from crews.models.provider import ProviderClients
from crews.specs import Limits
from crews.step_runner import StepRunner
from ledger.budgets import Budgets
from ledger.errors import SettingsInvalid
from ledger.settings import ModelCandidate, WorkerSettings
from ledger.spending import Purse, balances
from tests.integration.test_crew_models import (
    CLAIM,
    GOOD,
    SAID,
    always,
    check_floor_answered,
    check_record,
    generations,
)
from tests.stand_ins.journal import Latch
from tests.stand_ins.provider import ChatRequest, HttpError, Reply, ScriptedProvider, Timeout
from tests.unit.crews.conftest import _hardened, desk, no_waits, shop  # noqa: F401 - pytest finds them here
from tests.unit.crews.test_gate import Gate
from tests.unit.crews.world import LEAVE_QUESTION, Desk, candidate


def budgeted(desk: Desk, folder: Path, budgets: str, *models: ModelCandidate) -> StepRunner:
    (folder / "workspace.yaml").write_text(f"name: Shop\nbudgets: {budgets}\n")
    settings = WorkerSettings(workspace=folder, var=desk.var, models=models)
    return build_step_runner(settings, desk.db, lambda: desk.library)[0]


def test_evidence_never_goes_to_a_candidate_that_is_not_cleared_for_it(desk: Desk) -> None:
    with ScriptedProvider(GOOD[:2]) as outside, ScriptedProvider([SAID]) as own:
        models = (candidate(outside, "outside", cleared_for="public"), candidate(own, "own"))
        view = desk.ask(LEAVE_QUESTION, *models)
        check_record(desk, view, outside, "outside")
        assert not [request for request in outside.requests if "27 days" in request.prompt]
        assert "27 days" in own.requests[0].prompt
    assert view.answer == CLAIM
    assert view.model is not None
    assert (view.model.name, view.model.fallbacks) == (
        "own",
        ("outside: not cleared for internal evidence",),
    )


def test_a_run_says_what_it_cost(desk: Desk) -> None:
    with ScriptedProvider(GOOD) as provider:
        view = desk.ask(LEAVE_QUESTION, candidate(provider, input_price="2.5", output_price=10))
        assert {request.body["user"] for request in provider.requests} == {
            f"{view.run_id}:router",
            f"{view.run_id}:help_desk",
        }
    usages = [span.attributes["usage"] for span in generations(desk, view)]
    assert view.usage.input_tokens == sum(usage["input"] for usage in usages) > 0
    assert view.usage.output_tokens == sum(usage["output"] for usage in usages) > 0
    costs = [span.attributes["cost_usd"] for span in generations(desk, view)]
    assert view.usage.cost_usd == pytest.approx(sum(costs))
    expected = (2.5 * view.usage.input_tokens + 10 * view.usage.output_tokens) / 1e6
    assert view.usage.cost_usd == pytest.approx(expected, abs=3e-6)


def test_a_budget_that_is_reached_leaves_the_answer_to_the_floor(desk: Desk, tmp_path: Path) -> None:
    with ScriptedProvider(GOOD) as provider:
        dear = candidate(provider, input_price=1, output_price=1, max_output_tokens=1000)
        runner = budgeted(desk, tmp_path, "{run: 0.0035}", dear)
        view = desk.finish(desk.submit(LEAVE_QUESTION), runner)
        check_record(desk, view, provider)
        assert 1 <= len(provider.requests) < 3
        assert {request.body["max_tokens"] for request in provider.requests} == {1000}
    check_floor_answered(view, "main: The model budget for this question is reached: of 0.0035")
    assert 0 < view.usage.cost_usd < 0.0035


def test_a_cheaper_candidate_may_go_on_where_a_dear_one_may_not(desk: Desk, tmp_path: Path) -> None:
    with ScriptedProvider() as dear, ScriptedProvider(GOOD) as free:
        models = (
            candidate(dear, "dear", input_price=1000, output_price=1000),
            candidate(free, "free", input_price=0, output_price=0),
        )
        runner = budgeted(desk, tmp_path, "{user_per_day: 1}", *models)
        view = desk.finish(desk.submit(LEAVE_QUESTION), runner)
        assert not dear.requests
    assert (view.answer, view.model and view.model.name) == (CLAIM, "free")


def test_a_step_that_used_up_its_tokens_is_finished_by_the_floor(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ScriptedProvider(GOOD) as provider:
        settings = WorkerSettings(var=desk.var, models=(candidate(provider, max_output_tokens=100),))
        runner, workshop = build_step_runner(settings, desk.db, lambda: desk.library)
        crews = workshop.room().cast._crews
        parts = crews["help_desk"]
        spec = parts.spec.model_copy(update={"limits": Limits(max_tokens=1500)})
        monkeypatch.setitem(crews, "help_desk", replace(parts, spec=spec))
        view = desk.finish(desk.submit(LEAVE_QUESTION), runner)
        check_record(desk, view, provider)
        assert len(provider.requests) == 2
    check_floor_answered(view, "main: used up the 1,500 tokens of this step")


def test_a_call_that_was_cancelled_is_paid_all_the_same(desk: Desk) -> None:
    gate, hanging = Gate(desk), Timeout(Latch())
    context = gate.context

    def script(_request: ChatRequest) -> Reply:
        context.budget.cancelled.set()
        return hanging

    with ScriptedProvider(script) as provider:
        priced = candidate(provider, input_price=Decimal(1000), output_price=Decimal(1000))
        chain = speakers([priced], ProviderClients(), gate.run_id, tag="x")
        purse = Purse(desk.db, Budgets(), gate.run_id, gate.claim.principal)
        gateway = GatewayLLM(context, "help_desk", [*chain, *chain], purse)
        with pytest.raises(StepCancelled):
            gateway.call("How many days of leave?")
        hanging.release()
    assert context.budget.used.micro_usd > 0
    [spent, *_] = balances(desk.db, Budgets(), gate.claim.principal)
    assert spent.used.micro_usd == context.budget.used.micro_usd


def test_a_candidate_without_prices_cannot_be_held_to_a_budget(desk: Desk, tmp_path: Path) -> None:
    with ScriptedProvider(GOOD) as provider:
        runner = budgeted(desk, tmp_path, "{run: 1}", candidate(provider))
        view = desk.finish(desk.submit(LEAVE_QUESTION), runner)
    assert (view.failure or "").startswith("CREWDESK_MODELS: the candidate 'main' has no prices")


def test_a_window_that_is_declared_is_kept_without_asking(desk: Desk) -> None:
    with ScriptedProvider(GOOD) as provider:
        view = desk.ask(LEAVE_QUESTION, candidate(provider, context_window=1024, max_output_tokens=900))
        assert not provider.requests
    check_floor_answered(view, "main: question and evidence too long for it")


@pytest.mark.usefixtures("no_waits")
def test_a_candidate_that_keeps_failing_is_left_alone(desk: Desk) -> None:
    with ScriptedProvider(always(HttpError(500))) as provider:
        runner = desk.runner(candidate(provider))
        views = [desk.finish(desk.submit(LEAVE_QUESTION), runner) for _ in range(2)]
        # Three calls of two tries each; the fourth step asks nobody.
        assert len(provider.requests) == 6
    check_floor_answered(views[1], "main: model error", "main: failed too often just now")


def test_a_canary_that_is_not_in_this_run_is_not_asked(desk: Desk) -> None:
    with ScriptedProvider() as canary, ScriptedProvider(GOOD) as provider:
        models = (candidate(canary, "canary", canary_percent=0), candidate(provider))
        view = desk.ask(LEAVE_QUESTION, *models)
        assert not canary.requests
    assert view.model is not None
    assert (view.model.name, view.model.fallbacks) == ("main", ())


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        ("openai/gpt-5-mini", "as it has no api_key for 'openai/gpt-5-mini'"),
        ("anthropic/claude-x", "as it has no api_key for 'anthropic/claude-x'"),
        ("azure/gpt-x", "as it has no base_url"),
    ],
)
@pytest.mark.usefixtures("_hardened")
def test_a_provider_without_its_key_is_named_at_the_start(model: str, sentence: str) -> None:
    from crews.models.provider import ProviderClients  # loads CrewAI, which has to be hardened by then

    with pytest.raises(SettingsInvalid, match=f"CREWDESK_MODELS: the candidate 'mine' .*{sentence}"):
        ProviderClients().client_for(ModelCandidate(name="mine", model=model))


@pytest.mark.parametrize(
    ("model", "package"),
    [
        ("anthropic/claude-x", "anthropic"),
        ("gemini/gemini-x", "google-genai"),
        ("azure/gpt-x", "azure-ai-inference"),
        ("bedrock/claude-x", "boto3"),
    ],
)
@pytest.mark.usefixtures("_hardened")
def test_a_provider_without_its_package_says_which(model: str, package: str) -> None:
    from crews.models.provider import ProviderClients

    if package in {name.lower() for names in packages_distributions().values() for name in names}:
        pytest.skip(f"{package} is installed here")
    broken = ModelCandidate(name="mine", model=model, api_key="k", base_url="https://models.example/v1")
    with pytest.raises(SettingsInvalid, match=f"run `pip install {package}`"):
        ProviderClients().client_for(broken)
