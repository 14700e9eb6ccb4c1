"""Whether this process lives, and whether it can take requests."""

from fastapi import APIRouter

from api.problems import document_problems
from api.shapes import Health
from ledger.db import Database
from ledger.errors import CrewdeskError, ErrorKind
from ledger.migrate import check_schema
from ledger.workflows import list_workflows


class NothingPublished(CrewdeskError):
    code = "nothing_published"
    kind = ErrorKind.UNAVAILABLE
    worth_retrying = True


def health_routes(db: Database) -> APIRouter:
    router = APIRouter(tags=["health"])

    # On the event loop and without the database: it must answer also when every thread waits.
    @router.get("/livez", summary="The process is alive", responses=document_problems())
    async def livez() -> Health:
        return Health(status="alive")

    @router.get("/readyz", summary="Requests can be taken", responses=document_problems(503))
    def readyz() -> Health:
        check_schema(db)
        if not list_workflows(db):
            raise NothingPublished("No workflow is published yet: run `crewdesk ingest`.")
        return Health(status="ready")

    return router
