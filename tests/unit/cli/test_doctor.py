"""`crewdesk doctor`: each part that is missing or broken is named, with what to do about it."""

import json
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from cli.checks import services
from cli.shapes import Checked
from ledger.db import Database
from ledger.settings import EmbeddedSettings, ModelCandidate
from ledger.var_folder import hold_var
from tests.stand_ins.server import LoopbackServer
from tests.stand_ins.web import Page, StandInWeb, result
from tests.unit.cli.conftest import Crewdesk, Ran


def _parts(ran: Ran) -> dict[str, Checked]:
    parts = [Checked.model_validate(part) for part in json.loads(ran.out)["parts"]]
    return {part.part: part for part in parts}


class TestThisMachine:
    def test_before_anything_was_prepared_nothing_is_broken_and_nothing_made(
        self, crewdesk: Crewdesk, var: Path
    ) -> None:
        ran = crewdesk("doctor", "--json")
        parts = _parts(ran)
        assert ran.status == 0
        assert {name for name, part in parts.items() if part.status == "warn"} == {
            "var folder",
            "database",
            "index",
        }
        assert all(part.remedy for part in parts.values() if part.status != "ok")
        assert not var.exists()

    def test_a_prepared_installation_is_told_part_by_part(self, crewdesk: Crewdesk, ledger: Database) -> None:
        ran = crewdesk("doctor")
        assert ran.status == 0
        assert "ok     audit chain    whole" in ran.out
        assert "ok     workflows      ask" in ran.out
        assert "Nothing is broken." in ran.out

    def test_a_catalog_that_does_not_hold_together_is_named(
        self, crewdesk: Crewdesk, ledger: Database, workspace: Path
    ) -> None:
        del ledger
        file = workspace / "catalog" / "products" / "orders.yaml"
        file.parent.mkdir(parents=True)
        file.write_text("name: shop.orders\n")
        part = _parts(crewdesk("doctor", "--json"))["catalog"]
        assert (part.status, f"{file}:1: owner: this key is required" in part.found) == ("broken", True)

    def test_several_broken_parts_are_all_named(
        self,
        crewdesk: Crewdesk,
        ledger: Database,
        workspace: Path,
        var: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        ledger.close()
        (workspace / "people.yaml").unlink()
        with sqlite3.connect(var / "crewdesk.db") as connection:
            connection.execute("DELETE FROM audit WHERE seq = 1")
            connection.execute("DELETE FROM workflows")
        connection.close()
        from knowledge import model_files

        monkeypatch.setattr(model_files, "installed_model_folder", lambda: var)
        ran = crewdesk("doctor", "--json")
        broken = {name: part for name, part in _parts(ran).items() if part.status == "broken"}
        assert ran.status == 5
        assert set(broken) == {"workspace", "model files", "audit chain", "workflows"}
        assert "row 1" in broken["audit chain"].found
        assert all(part.remedy for part in broken.values())
        assert "broken audit chain" in crewdesk("doctor").out

    def test_a_wrong_file_of_triage_is_part_of_the_workspace(
        self, crewdesk: Crewdesk, workspace: Path
    ) -> None:
        (workspace / "systems.yaml").write_text("systems: []\n")
        part = _parts(crewdesk("doctor", "--json"))["workspace"]
        assert (part.status, "systems.yaml:1: systems:" in part.found) == ("broken", True)

    def test_a_part_that_cannot_even_be_looked_at_does_not_hide_the_others(
        self, crewdesk: Crewdesk, var: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        var.mkdir()
        (var / "crewdesk.db").write_text("no database at all " * 100)
        monkeypatch.setenv("CREWDESK_BROKER_URL", "pigeon://loft")
        ran = crewdesk("doctor", "--json")
        parts = _parts(ran)
        assert ran.status == 5
        assert "not a database" in parts["database"].found
        assert "pigeon" in parts["broker"].found
        assert parts["langfuse"].status == "ok"

    def test_an_index_in_use_is_not_looked_at(self, crewdesk: Crewdesk, ledger: Database, var: Path) -> None:
        with hold_var(var, "serve"):
            index = _parts(crewdesk("doctor", "--json"))["index"]
        assert (index.status, "crewdesk serve" in index.found) == ("warn", True)


KEY = "sk-" + "k" * 20


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    """A model provider, Slack and Langfuse in one, that know one key."""

    def models(request: Request) -> JSONResponse:
        known = request.headers.get("authorization") == f"Bearer {KEY}"
        return JSONResponse({"data": []}, 200 if known else 401)

    def auth_test(request: Request) -> JSONResponse:
        if request.headers.get("authorization") != "Bearer xoxb-good":
            return JSONResponse({"ok": False, "error": "invalid_auth"})
        return JSONResponse({"ok": True, "user": "crewdesk", "team": "Shop"})

    def health(request: Request) -> JSONResponse:
        return JSONResponse({"status": "OK", "version": request.path_params["version"]})

    routes = [
        Route("/v1/models", models),
        Route("/auth.test", auth_test, methods=["POST"]),
        Route("/{version}/api/public/health", health),
        Route("/collections", models),
    ]
    with LoopbackServer(Starlette(routes=routes)) as server:
        yield server.url


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address where nothing listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


class TestServices:
    def test_each_model_candidate_is_tried(self, service: str, nobody: str) -> None:
        def candidate(name: str, base_url: str | None, key: str = KEY) -> ModelCandidate:
            return ModelCandidate(name=name, model="openai/m", base_url=base_url, api_key=SecretStr(key))

        settings = EmbeddedSettings(
            models=(
                candidate("good", f"{service}/v1"),
                candidate("refused", f"{service}/v1", "sk-" + "w" * 20),
                candidate("lost", f"{service}/v2/"),
                candidate("away", nobody),
                candidate("elsewhere", None),
            )
        )
        parts = {part.part: part for part in services.check_models(settings)}
        assert {name.removeprefix("model: "): part.status for name, part in parts.items()} == {
            "good": "ok",
            "refused": "broken",
            "lost": "broken",
            "away": "broken",
            "elsewhere": "warn",
            "floor": "ok",
        }
        assert "refuses the key" in parts["model: refused"].found
        assert "404" in parts["model: lost"].found
        assert "cannot be reached" in parts["model: away"].found

    @pytest.mark.parametrize(
        ("bot", "app", "status", "says"),
        [
            (None, None, "ok", "not configured"),
            ("xoxb-good", None, "broken", "only one"),
            (None, "xapp-1", "broken", "only one"),
            ("xoxb-good", "xoxb-good", "broken", "xapp-"),
            ("xoxb-bad", "xapp-1", "broken", "invalid_auth"),
            ("xoxb-good", "xapp-1", "ok", "crewdesk in Shop"),
        ],
    )
    def test_slack(self, service: str, bot: str | None, app: str | None, status: str, says: str) -> None:
        settings = EmbeddedSettings(
            slack_bot_token=SecretStr(bot) if bot else None,
            slack_app_token=SecretStr(app) if app else None,
            slack_api_url=f"{service}/",
        )
        part = services.check_slack(settings)
        assert (part.status, says in part.found) == (status, True)

    @pytest.mark.parametrize(
        ("version", "status"),
        [
            ("4.59.0", "ok"),
            ("4.100.1", "ok"),
            ("5.0", "ok"),
            ("4.58.9", "broken"),
            ("3.99.0", "broken"),
            ("x", "broken"),
        ],
    )
    def test_langfuse_must_be_new_enough(self, service: str, version: str, status: str) -> None:
        settings = EmbeddedSettings(
            langfuse_host=f"{service}/{version}",
            langfuse_public_key="pk",
            langfuse_secret_key=SecretStr("sk"),
        )
        assert services.check_langfuse(settings).status == status
        without_keys = EmbeddedSettings(langfuse_host=f"{service}/{version}")
        assert services.check_langfuse(without_keys).status == "broken"

    def test_the_search_engine_is_asked_something(self, nobody: str) -> None:
        assert services.check_web_search(EmbeddedSettings()).status == "ok"
        with StandInWeb() as web:
            settings = EmbeddedSettings(web_search_url=web.url)
            nothing = services.check_web_search(settings)
            web.results = [result("https://site.example/", "Site", "Words")]
            found = services.check_web_search(settings)
            web.search_reply = Page(b"<html></html>", status=403)
            refused = services.check_web_search(settings)
        away = services.check_web_search(EmbeddedSettings(web_search_url=nobody))
        assert [part.status for part in (nothing, found, refused, away)] == ["warn", "ok", "broken", "broken"]
        assert "403" in refused.found
        assert all(part.remedy for part in (nothing, refused, away))

    def test_services_that_are_away_are_named(self, service: str, nobody: str) -> None:
        settings = EmbeddedSettings(
            broker_url=nobody.replace("http://", "redis://user:hidden-word@"),
            qdrant_url=nobody,
            slack_bot_token=SecretStr("xoxb-good"),
            slack_app_token=SecretStr("xapp-1"),
            slack_api_url=nobody,
            langfuse_host=nobody,
            langfuse_public_key="pk",
            langfuse_secret_key=SecretStr("sk"),
        )
        checks = (services.check_broker, services.check_qdrant, services.check_slack, services.check_langfuse)
        for check in checks:
            part = check(settings)
            assert part.status == "broken"
            assert "cannot be reached" in part.found
            assert "hidden-word" not in part.found
            assert part.remedy
        here = EmbeddedSettings(qdrant_url=service, qdrant_api_key=SecretStr(KEY))
        assert services.check_qdrant(here).status == "broken"  # this stand-in wants a bearer token
        assert services.check_broker(EmbeddedSettings()).status == "ok"
