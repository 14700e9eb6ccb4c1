"""The route of a conversation: what was said in a thread of the caller's."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from api.callers import identify_caller
from api.problems import document_problems
from api.shapes import Thread
from ledger.db import Database
from ledger.people import Principal
from ledger.thread_views import ThreadView, get_thread_for


def thread_routes(db: Database, api_key_secret: bytes) -> APIRouter:
    router = APIRouter(prefix="/v1/threads", tags=["threads"])
    caller_of = Depends(identify_caller(db, api_key_secret))

    @router.get(
        "/{thread:path}", responses=document_problems(401, 404, 422, 503), summary="Read a conversation"
    )
    def get_thread(
        thread: Annotated[Thread, Path(description="As it was named when a run was asked for.")],
        caller: Annotated[Principal, caller_of],
    ) -> ThreadView:
        """Its turns with what they were understood as, the facts learned, and the question that is still
        open, as far as the caller may know them. Only threads of this front door."""
        return get_thread_for(db, thread, caller, "api")

    return router
