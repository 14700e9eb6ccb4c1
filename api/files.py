"""The routes of a run's files: what there is, and each as it was made.

A file is handed out to whoever may read the run, always to be saved and never to be shown in place, so that
nothing in it can act as a page of ours.
"""

from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Response

from api.callers import identify_caller
from api.ids import checked_id
from api.problems import document_problems
from api.shapes import RunFiles
from ledger.artifacts import read_kept
from ledger.db import Database
from ledger.errors import NotFound
from ledger.people import Principal
from ledger.reading import ArtifactView, get_run_for


def file_routes(db: Database, api_key_secret: bytes, artifacts: Path) -> APIRouter:
    """`artifacts` is the folder in which the bytes lie."""
    router = APIRouter(prefix="/v1/runs", tags=["runs"])
    caller_of = Depends(identify_caller(db, api_key_secret))

    @router.get(
        "/{run_id}/files", responses=document_problems(401, 404, 422, 503), summary="List a run's files"
    )
    def get_files(run_id: str, caller: Annotated[Principal, caller_of]) -> RunFiles:
        run = get_run_for(db, checked_id("run", run_id), caller)
        return RunFiles(run_id=run.run_id, files=run.files)

    @router.get(
        "/{run_id}/files/{name}",
        response_class=Response,
        responses={
            200: {"description": "The file.", "content": {"application/octet-stream": {}}},
            **document_problems(401, 404, 422, 503),
        },
        summary="Read one of a run's files",
    )
    def get_file(run_id: str, name: str, caller: Annotated[Principal, caller_of]) -> Response:
        run = get_run_for(db, checked_id("run", run_id), caller)
        file = next((file for file in run.files if file.name == name), None)
        if file is None:
            raise NotFound(f"The run {run.run_id} has no file called {name[:120]}.")
        content = read_kept(artifacts, file.name, file.sha256)
        return Response(content, media_type=file.media_type, headers=_headers(file))

    return router


def _headers(file: ArtifactView) -> dict[str, str]:
    plain = file.name.encode("ascii", "replace").decode().translate({ord('"'): "'", ord("\\"): "_"})
    encoded = quote(file.name, safe="")
    return {
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "private, no-store",
        "ETag": f'"{file.sha256}"',
    }
