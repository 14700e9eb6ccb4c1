"""Builds the HTTP front door.

It takes requests into the ledger and reads results out of it; nothing here waits for a crew.
"""

from pathlib import Path
from typing import Any

from fastapi import FastAPI

from api.body_limit import BodyLimit
from api.decisions import decision_routes
from api.escalations import escalation_routes
from api.files import file_routes
from api.health import health_routes
from api.incidents import incident_routes
from api.problems import LastResort, Problem, install_problem_handlers
from api.runs import run_routes
from api.threads import thread_routes
from api.tickets import ticket_routes
from ledger.db import Database

_ABOUT = (
    "Ask a company's AI crew and read what it answered, with its evidence and its record. "
    "Make a key with `crewdesk keys create EMAIL`."
)


def create_app(db: Database, api_key_secret: bytes, artifacts: Path) -> FastAPI:
    """`artifacts` is the folder of runs' files."""
    app = FastAPI(
        title="Crewdesk",
        version="1",
        description=_ABOUT,
        # The documentation pages would load scripts from somebody else's host.
        docs_url=None,
        redoc_url=None,
        # Else FastAPI sends request spans to the global tracer, which is Langfuse's where that is configured.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.include_router(run_routes(db, api_key_secret))
    app.include_router(decision_routes(db, api_key_secret))
    app.include_router(ticket_routes(db, api_key_secret))
    app.include_router(escalation_routes(db, api_key_secret))
    app.include_router(incident_routes(db, api_key_secret))
    app.include_router(file_routes(db, api_key_secret, artifacts))
    app.include_router(thread_routes(db, api_key_secret))
    app.include_router(health_routes(db))
    install_problem_handlers(app)
    app.add_middleware(BodyLimit)
    app.add_middleware(LastResort)
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        schema = describe()
        schema["components"]["schemas"]["Problem"] = Problem.model_json_schema()
        return schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the schema
    return app
