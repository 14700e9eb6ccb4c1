"""The routes of a run: ask for one, read it, cancel it, read its spans, have it asked again."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Response, status

from api.callers import identify_caller
from api.ids import checked_id
from api.problems import document_problems
from api.shapes import IdempotencyKey, NewRun, RunAccepted, RunLinks, RunSpans, RunWatch
from ledger.cancel import cancel_run_for
from ledger.db import Database
from ledger.people import Principal
from ledger.reading import RunView, get_run_for, run_state
from ledger.runs import RunRequest, submit_run
from ledger.spans import list_spans
from ledger.watches import watch_run


def run_routes(db: Database, api_key_secret: bytes) -> APIRouter:
    router = APIRouter(prefix="/v1/runs", tags=["runs"])
    caller_of = Depends(identify_caller(db, api_key_secret))

    @router.post(
        "",
        status_code=status.HTTP_202_ACCEPTED,
        responses={
            200: {"model": RunAccepted, "description": "This request was made before; the run it made."},
            **document_problems(400, 401, 403, 409, 413, 422, 503),
        },
        summary="Ask for a run",
    )
    def post_run(
        new_run: NewRun,
        idempotency_key: Annotated[IdempotencyKey, Header(description="The same key is the same run.")],
        caller: Annotated[Principal, caller_of],
        response: Response,
    ) -> RunAccepted:
        submission = submit_run(db, _request(new_run, idempotency_key, caller))
        if not submission.created:
            response.status_code = status.HTTP_200_OK
        links = _links(submission.run_id)
        response.headers["Location"] = links.run
        state = run_state(db, submission.run_id)
        return RunAccepted(run_id=submission.run_id, state=state, links=links)

    @router.get("/{run_id}", responses=document_problems(401, 404, 422, 503), summary="Read a run")
    def get_run(run_id: str, caller: Annotated[Principal, caller_of]) -> RunView:
        return get_run_for(db, checked_id("run", run_id), caller)

    @router.post(
        "/{run_id}/cancel",
        status_code=status.HTTP_202_ACCEPTED,
        responses=document_problems(401, 404, 409, 422, 503),
        summary="Cancel a run",
    )
    def post_cancel(run_id: str, caller: Annotated[Principal, caller_of]) -> RunAccepted:
        found = checked_id("run", run_id)
        state = cancel_run_for(db, found, caller)
        return RunAccepted(run_id=found, state=state, links=_links(found))

    @router.get(
        "/{run_id}/spans", responses=document_problems(401, 404, 422, 503), summary="Read a run's spans"
    )
    def get_spans(run_id: str, caller: Annotated[Principal, caller_of]) -> RunSpans:
        run = get_run_for(db, checked_id("run", run_id), caller)
        return RunSpans(run_id=run.run_id, spans=tuple(list_spans(db, run.run_id)))

    @router.post(
        "/{run_id}/watch",
        status_code=status.HTTP_202_ACCEPTED,
        responses=document_problems(401, 404, 422, 503),
        summary="Have a run asked again once its data is fit",
    )
    def post_watch(run_id: str, caller: Annotated[Principal, caller_of]) -> RunWatch:
        """For a run that ended with the reason `blocked`. The new run has its source `watch`."""
        watch = watch_run(db, checked_id("run", run_id), caller)
        return RunWatch(run_id=watch.run_id, products=watch.products)

    return router


def _request(new_run: NewRun, idempotency_key: str, caller: Principal) -> RunRequest:
    return RunRequest(
        workflow=new_run.workflow,
        principal=caller.email,
        question=new_run.question,
        source="api",
        # The caller's own id comes first, so that two people's keys never meet.
        external_id=f"{caller.id}:{idempotency_key}",
        thread=new_run.thread,
    )


def _links(run_id: str) -> RunLinks:
    run = f"/v1/runs/{run_id}"
    return RunLinks(run=run, spans=f"{run}/spans", files=f"{run}/files")
