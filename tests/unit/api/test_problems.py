"""Every error of ours has its place among the HTTP answers, and tells nothing it should not."""

import json

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from api.problems import LastResort, install_problem_handlers
from ledger import errors
from ledger.errors import CrewdeskError

INSIDE = "postgresql://10.0.0.7 says no"
OURS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, CrewdeskError) and kind is not CrewdeskError
]
STATUSES = {"usage": 422, "denied": 403, "missing": 404, "conflict": 409, "unavailable": 503, "failed": 500}


def _raise(failure: Exception) -> TestClient:
    app = Starlette()

    def endpoint(_request: Request) -> None:
        raise failure

    app.add_route("/it", endpoint)
    install_problem_handlers(app)  # type: ignore[arg-type]  # Starlette's half of FastAPI is enough here
    app.add_middleware(LastResort)
    return TestClient(app)


@pytest.mark.parametrize("kind", OURS)
def test_an_error_of_ours_becomes_the_problem_of_its_kind(kind: type[CrewdeskError]) -> None:
    answer = _raise(kind(INSIDE)).get("/it")
    problem = json.loads(answer.content)
    assert answer.status_code == problem["status"] == STATUSES[kind.kind]
    if answer.status_code < 500:
        assert (problem["code"], problem["detail"]) == (kind.code, INSIDE)
    else:
        assert problem["error_id"]
    if kind in (errors.DatabaseUnavailable, errors.LeaseLost, errors.AuditBroken):
        assert "10.0.0.7" not in answer.text


def test_half_an_answer_is_cut_and_not_followed_by_a_problem() -> None:
    async def half(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        TestClient(LastResort(half)).get("/")
