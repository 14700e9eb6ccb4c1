"""The routes of what was handed over: read it, say that somebody is at it, say how it was settled."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from api.callers import identify_caller
from api.problems import document_problems
from api.shapes import Escalations, SettledNote
from ledger.db import Database
from ledger.escalation_views import UNSETTLED, EscalationState, EscalationView
from ledger.escalations import (
    acknowledge_escalation,
    get_escalation,
    list_escalations,
    resolve_escalation,
)
from ledger.people import Principal

Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
Limit = Annotated[int, Query(ge=1, le=1000)]


def escalation_routes(db: Database, api_key_secret: bytes) -> APIRouter:
    router = APIRouter(prefix="/v1/escalations", tags=["escalations"])
    caller_of = Depends(identify_caller(db, api_key_secret))

    @router.get("", responses=document_problems(401, 422, 503), summary="List escalations")
    def get_all(
        caller: Annotated[Principal, caller_of], settled: bool = False, limit: Limit = 50
    ) -> Escalations:
        """Those you asked for and those of your groups, the ones due first at the top."""
        states = tuple(EscalationState) if settled else UNSETTLED
        return Escalations(escalations=tuple(list_escalations(db, caller, states=states, limit=limit)))

    @router.get("/{number}", responses=document_problems(401, 404, 422, 503), summary="Read an escalation")
    def get_one(number: Number, caller: Annotated[Principal, caller_of]) -> EscalationView:
        return get_escalation(db, caller, number)

    @router.post(
        "/{number}/acknowledge",
        responses=document_problems(401, 403, 404, 409, 422, 503),
        summary="Say that somebody is at it",
    )
    def post_acknowledge(number: Number, caller: Annotated[Principal, caller_of]) -> EscalationView:
        return acknowledge_escalation(db, caller, number)

    @router.post(
        "/{number}/resolve",
        responses=document_problems(400, 401, 403, 404, 409, 413, 422, 503),
        summary="Say how it was settled",
    )
    def post_resolve(
        number: Number, settled: SettledNote, caller: Annotated[Principal, caller_of]
    ) -> EscalationView:
        """That resolves its ticket too, and whoever asked hears of it."""
        return resolve_escalation(db, caller, number, settled.note)

    return router
