"""The routes of a ticket: read it, confirm that it is solved, or say that it is not."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from api.callers import identify_caller
from api.problems import document_problems
from api.shapes import ReopenTicket
from ledger.db import Database
from ledger.people import Principal
from ledger.ticket_changes import change_ticket
from ledger.ticket_follow_up import confirm_ticket
from ledger.ticket_views import TicketState, TicketView
from ledger.tickets import get_ticket

# As large as the column that holds it.
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]


def ticket_routes(db: Database, api_key_secret: bytes) -> APIRouter:
    router = APIRouter(prefix="/v1/tickets", tags=["tickets"])
    caller_of = Depends(identify_caller(db, api_key_secret))

    @router.get("/{number}", responses=document_problems(401, 404, 422, 503), summary="Read a ticket")
    def get_one(number: Number, caller: Annotated[Principal, caller_of]) -> TicketView:
        return get_ticket(db, caller, number)

    @router.post(
        "/{number}/confirm",
        responses=document_problems(401, 403, 404, 409, 422, 503),
        summary="Confirm that a ticket is solved",
    )
    def post_confirm(number: Number, caller: Annotated[Principal, caller_of]) -> TicketView:
        """For whoever asked, once it is resolved; it is closed then."""
        return confirm_ticket(db, caller, number)

    @router.post(
        "/{number}/reopen",
        responses=document_problems(400, 401, 404, 409, 413, 422, 503),
        summary="Say that a ticket is not solved",
    )
    def post_reopen(number: Number, new: ReopenTicket, caller: Annotated[Principal, caller_of]) -> TicketView:
        return change_ticket(db, caller, number, TicketState.REOPENED, new.note)

    return router
