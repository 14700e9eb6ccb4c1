"""The routes of incidents: what several people report at once, and one word to all of them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from api.callers import identify_caller
from api.problems import document_problems
from api.shapes import IncidentNote, Incidents, IncidentUpdated
from ledger.db import Database
from ledger.incidents import get_incident, list_incidents, update_incident
from ledger.people import Principal
from ledger.ticket_views import IncidentView, TicketState

Number = Annotated[int, Path(ge=1, le=2**31 - 1)]


def incident_routes(db: Database, api_key_secret: bytes) -> APIRouter:
    router = APIRouter(prefix="/v1/incidents", tags=["incidents"])
    caller_of = Depends(identify_caller(db, api_key_secret))

    @router.get("", responses=document_problems(401, 422, 503), summary="List incidents")
    def get_all(caller: Annotated[Principal, caller_of], resolved: bool = False) -> Incidents:
        """Those you handle or reported, the newest first."""
        states = tuple(TicketState) if resolved else (TicketState.OPEN,)
        return Incidents(incidents=tuple(list_incidents(db, caller, states)))

    @router.get("/{number}", responses=document_problems(401, 404, 422, 503), summary="Read an incident")
    def get_one(number: Number, caller: Annotated[Principal, caller_of]) -> IncidentView:
        return get_incident(db, caller, number)

    @router.post(
        "/{number}/updates",
        responses=document_problems(400, 401, 404, 413, 422, 503),
        summary="Tell all who reported it",
    )
    def post_update(
        number: Number, update: IncidentNote, caller: Annotated[Principal, caller_of]
    ) -> IncidentUpdated:
        """Each request is one message to each of them: in their tickets, and in the threads they asked in."""
        done = update_incident(db, caller, number, update.text, resolves=update.resolves)
        return IncidentUpdated(incident=done.incident, tickets=done.tickets)

    return router
