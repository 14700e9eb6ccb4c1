"""A company's parcel system over real HTTP, as a workspace's own tool meets it: it checks the key, keeps
every request as it came, and can fail in each way a system fails.

`GET /v1/parcels/{parcel}` tells where one is; `POST /v1/orders` orders some, once for an idempotency key.
"""

import json
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.stand_ins.faults import ANY_OPERATION, Fault, FaultPlan, serve_with
from tests.stand_ins.journal import Journal
from tests.stand_ins.server import LoopbackServer

KEY = "parcels-key-0123456789"
PARCEL = {"id": "P 7/1", "state": "delivered", "weight_kg": 2.5, "stops": ["Millbrook", "Osier Point"]}


@dataclass(frozen=True, slots=True)
class Received:
    """`path` is as it stood on the wire."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class ParcelSystem:
    """`answer` is what a parcel is told as; `orders` are those that were really placed, by key."""

    def __init__(self, *, key: str = KEY) -> None:
        self.key = key
        self.faults = FaultPlan()
        self.received: Journal[Received] = Journal()
        self.orders: dict[str, Any] = {}
        self.answer: Any = {"data": {"parcel": PARCEL}}
        routes = [
            Route("/v1/parcels/{parcel:path}", self._tell, methods=["GET"]),
            Route("/v1/orders", self._order, methods=["POST"]),
            Route("/v1/endless", self._endless, methods=["GET"]),
        ]
        self.server = LoopbackServer(Starlette(routes=routes))

    @property
    def url(self) -> str:
        return self.server.url

    def fail(self, fault: Fault, *, operation: str = ANY_OPERATION) -> None:
        self.faults.add(fault, operation=operation)

    def __enter__(self) -> Self:
        self.server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.close()

    async def _tell(self, request: Request) -> Response:
        await self._note(request)

        async def work() -> Response:
            if not self._is_ours(request):
                return Response(status_code=401)
            path = unquote(request.scope["raw_path"].decode().rpartition("/v1/parcels/")[2])
            if path == "none":
                return Response(status_code=404)
            return JSONResponse(self.answer)

        return await serve_with(self.faults.take("tell"), request, work)

    async def _order(self, request: Request) -> Response:
        received = await self._note(request)

        async def work() -> Response:
            if not self._is_ours(request):
                return Response(status_code=401)
            key = received.headers.get("idempotency-key", "")
            is_new = key not in self.orders
            order = self.orders.setdefault(key, {**received.json, "number": len(self.orders) + 1})
            return JSONResponse({"order": order, "is_new": is_new}, status_code=201)

        return await serve_with(self.faults.take("order"), request, work)

    async def _endless(self, request: Request) -> Response:
        await self._note(request)

        async def more() -> AsyncIterator[bytes]:
            while not await request.is_disconnected():
                yield b"[" * 1024

        return StreamingResponse(more(), media_type="application/json")

    async def _note(self, request: Request) -> Received:
        raw = request.scope["raw_path"].decode()
        headers = dict(request.headers)
        body = await request.body()
        received = Received(request.method, raw, request.url.query, headers, body)
        self.received.append(received)
        return received

    def _is_ours(self, request: Request) -> bool:
        given = request.headers.get("authorization", "")
        return secrets.compare_digest(given.encode(), f"Bearer {self.key}".encode())
