"""A Qdrant server over real HTTP: the calls our adapter makes, answered by qdrant-client's in-memory engine.

What the engine or qdrant-client's request models refuse, the server refuses with the real one's status.
"""

import importlib.metadata
import secrets
import threading
from collections.abc import Callable
from typing import Any, Self

from pydantic import ValidationError
from pydantic_core import to_jsonable_python
from qdrant_client import QdrantClient
from qdrant_client.http import models
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tests.stand_ins import qdrant_operations as operations
from tests.stand_ins.faults import ANY_OPERATION, Fault, FaultPlan, serve_with
from tests.stand_ins.journal import Journal
from tests.stand_ins.qdrant_snapshots import Snapshots
from tests.stand_ins.server import LoopbackServer

Operation = Callable[[QdrantClient, str, bytes], Any]


class QdrantServer:
    """`calls` keeps the name of every operation asked for; `fail` spoils the next calls of one."""

    def __init__(self, *, api_key: str | None = None, port: int = 0) -> None:
        self.api_key = api_key
        self.faults = FaultPlan()
        self.calls: Journal[str] = Journal()
        self._lock = threading.Lock()
        self._engine = QdrantClient(":memory:")
        self._operations: set[str] = set()
        self._indexes: dict[str, dict[str, models.PayloadIndexInfo]] = {}
        self._snapshots = Snapshots()
        self.server = LoopbackServer(Starlette(routes=[*_probes(), *self._routes()]), port=port)

    @property
    def url(self) -> str:
        return self.server.url

    def payload_indexes(self, collection: str) -> tuple[str, ...]:
        with self._lock:
            return tuple(self._indexes.get(operations.real_name(self._engine, collection), ()))

    def fail(self, fault: Fault, *, operation: str = ANY_OPERATION, times: int = 1) -> None:
        if operation not in (ANY_OPERATION, *self._operations):
            raise ValueError(f"no operation {operation!r}; there are {sorted(self._operations)}")
        self.faults.add(fault, operation=operation, times=times)

    def start(self) -> None:
        self.server.start()

    def stop(self) -> None:
        self.server.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.close()
        self._engine.close()

    def _routes(self) -> list[Route]:
        collection, points = "/collections/{name}", "/collections/{name}/points"
        table: list[tuple[str, str, str, Operation]] = [
            (
                "GET",
                "/collections",
                "list_collections",
                lambda engine, _name, _body: engine.get_collections(),
            ),
            ("POST", "/collections/aliases", "update_aliases", operations.update_aliases),
            ("GET", "/aliases", "list_aliases", lambda engine, _name, _body: engine.get_aliases()),
            ("GET", f"{collection}/aliases", "collection_aliases", operations.read_collection_aliases),
            ("GET", f"{collection}/exists", "collection_exists", operations.check_exists),
            ("GET", collection, "get_collection", self._get_collection),
            ("PUT", collection, "create_collection", operations.create_collection),
            ("PATCH", collection, "update_collection", operations.update_collection),
            ("DELETE", collection, "delete_collection", self._delete_collection),
            ("PUT", f"{collection}/index", "create_index", self._create_index),
            ("PUT", points, "upsert", operations.upsert),
            ("POST", points, "retrieve", operations.retrieve),
            ("POST", f"{points}/delete", "delete", operations.delete),
            ("POST", f"{points}/payload", "set_payload", operations.set_payload),
            ("PUT", f"{points}/payload", "overwrite_payload", operations.overwrite_payload),
            ("POST", f"{points}/scroll", "scroll", operations.scroll),
            ("POST", f"{points}/count", "count", operations.count),
            ("POST", f"{points}/query", "query", operations.query),
            ("POST", f"{points}/query/batch", "query_batch", operations.query_batch),
            ("POST", f"{collection}/snapshots", "create_snapshot", self._snapshots.create),
            ("GET", f"{collection}/snapshots/{{snapshot}}", "fetch_snapshot", self._snapshots.fetch),
            ("DELETE", f"{collection}/snapshots/{{snapshot}}", "delete_snapshot", self._snapshots.delete),
            ("POST", f"{collection}/snapshots/upload", "upload_snapshot", self._snapshots.restore),
        ]
        return [
            Route(path, self._endpoint(label, operation), methods=[verb])
            for verb, path, label, operation in table
        ]

    def _endpoint(self, label: str, operation: Operation) -> Callable[[Request], Any]:
        self._operations.add(label)

        async def serve(request: Request) -> Response:
            if self.api_key is not None and not _has_key(request, self.api_key):
                return PlainTextResponse("Must provide an API key or an Authorization bearer token", 401)
            body = await request.body()
            self.calls.append(label)

            async def work() -> Response:
                return await run_in_threadpool(
                    self._run, operation, request.path_params.get("name", ""), body
                )

            return await serve_with(self.faults.take(label), request, work)

        return serve

    def _run(self, operation: Operation, name: str, body: bytes) -> Response:
        try:
            with self._lock:
                result = operation(self._engine, name, body)
        except ValidationError as error:
            return _problem(400, f"Format error in JSON body: {error}")
        except ValueError as error:
            return _problem(_status_of(str(error)), str(error))
        if isinstance(result, Response):
            return result
        shown = to_jsonable_python(result, fallback=lambda value: value.tolist())
        return JSONResponse({"result": shown, "status": "ok", "time": 0.0})

    def _get_collection(self, engine: QdrantClient, name: str, _body: bytes) -> models.CollectionInfo:
        info = engine.get_collection(name)
        indexes = self._indexes.get(operations.real_name(engine, name), {})
        return info.model_copy(update={"payload_schema": dict(indexes)})

    def _delete_collection(self, engine: QdrantClient, name: str, _body: bytes) -> bool:
        self._indexes.pop(name, None)
        self._snapshots.forget(name)
        return engine.delete_collection(name)

    def _create_index(self, engine: QdrantClient, name: str, body: bytes) -> models.UpdateResult:
        # Kept here: the in-memory engine has no payload indexes and only warns when asked for one.
        asked = models.CreateFieldIndex.model_validate_json(body)
        engine.get_collection(name)
        schema = asked.field_schema
        kind = schema if isinstance(schema, models.PayloadSchemaType) else getattr(schema, "type", "keyword")
        index = models.PayloadIndexInfo(
            data_type=models.PayloadSchemaType(str(getattr(kind, "value", kind))), points=0
        )
        self._indexes.setdefault(operations.real_name(engine, name), {})[asked.field_name] = index
        return operations.completed()


def _probes() -> list[Route]:
    async def root(_: Request) -> Response:
        version = importlib.metadata.version("qdrant-client")
        return JSONResponse({"title": "qdrant - vector search engine", "version": version})

    async def ready(_: Request) -> Response:
        return PlainTextResponse("all shards are ready")

    return [Route("/", root), *(Route(path, ready) for path in ("/readyz", "/livez", "/healthz"))]


def _has_key(request: Request, api_key: str) -> bool:
    given = request.headers.get("api-key") or request.headers.get("authorization", "").removeprefix("Bearer ")
    return secrets.compare_digest(given.encode(), api_key.encode())


def _status_of(problem: str) -> int:
    if problem.startswith("Collection") and problem.endswith("not found"):
        return 404
    return 409 if problem.endswith("already exists") else 400


def _problem(status: int, sentence: str) -> Response:
    return JSONResponse({"status": {"error": sentence}, "time": 0.0}, status_code=status)
