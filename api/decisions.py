"""The routes of decisions: those a caller may take, or whose runs are the caller's own."""

from typing import Annotated

from fastapi import APIRouter, Depends

from api.callers import identify_caller
from api.ids import checked_id
from api.problems import document_problems
from api.shapes import DecisionList, NewChoice
from ledger.db import Database
from ledger.decision_views import Decision, get_decision_for, list_decisions_for
from ledger.decisions import decide
from ledger.people import Principal


def decision_routes(db: Database, api_key_secret: bytes) -> APIRouter:
    router = APIRouter(prefix="/v1/decisions", tags=["decisions"])
    caller_of = Depends(identify_caller(db, api_key_secret))

    @router.get("", responses=document_problems(401, 404, 422, 503), summary="List decisions")
    def get_decisions(caller: Annotated[Principal, caller_of], run_id: str | None = None) -> DecisionList:
        """Those that are open, or all of one run."""
        of_run = None if run_id is None else checked_id("run", run_id)
        return DecisionList(decisions=tuple(list_decisions_for(db, caller, run_id=of_run)))

    @router.get("/{decision_id}", responses=document_problems(401, 404, 422, 503), summary="Read a decision")
    def get_decision(decision_id: str, caller: Annotated[Principal, caller_of]) -> Decision:
        return get_decision_for(db, checked_id("decision", decision_id), caller)

    @router.post(
        "/{decision_id}",
        responses=document_problems(400, 401, 403, 404, 409, 413, 422, 503),
        summary="Decide",
    )
    def post_choice(decision_id: str, new: NewChoice, caller: Annotated[Principal, caller_of]) -> Decision:
        """The run goes on with it at once."""
        seen = get_decision_for(db, checked_id("decision", decision_id), caller)
        return decide(db, seen.id, caller, new.choice)

    return router
