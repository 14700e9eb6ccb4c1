"""What every stand-in rests on: the loopback server, the journal, the latch and the fault plan."""

import socket
import threading
from collections.abc import Iterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tests.stand_ins.faults import Fault, FaultPlan, HoldBefore, HttpStatus, ResetBefore, Slow, serve_with
from tests.stand_ins.journal import Journal, Latch
from tests.stand_ins.server import HOST, LoopbackServer


class Echo:
    """An application with one operation that can be spoiled."""

    def __init__(self) -> None:
        self.plan = FaultPlan()
        self.served: Journal[str] = Journal()
        self.finished: Journal[Request] = Journal()
        self.app = Starlette(routes=[Route("/echo", self.endpoint, methods=["GET", "POST"])])

    async def endpoint(self, request: Request) -> Response:
        async def work() -> Response:
            self.served.append("echo")
            return PlainTextResponse("echo")

        answer = await serve_with(self.plan.take("echo"), request, work)
        self.finished.append(request)
        return answer


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
def server(echo: Echo) -> Iterator[LoopbackServer]:
    with LoopbackServer(echo.app) as running:
        yield running


def test_it_serves_at_once_and_after_each_restart_on_its_port(server: LoopbackServer) -> None:
    url = server.url
    for _ in range(3):
        assert httpx.get(f"{url}/echo").text == "echo"
        with server.down():
            assert not server.is_running
            with pytest.raises(httpx.ConnectError):
                httpx.get(f"{url}/echo")


def test_an_answer_is_not_held_back_by_delayed_acknowledgements(server: LoopbackServer) -> None:
    with httpx.Client() as client:
        taken_s = sorted(client.get(f"{server.url}/echo").elapsed.total_seconds() for _ in range(20))
    # With Nagle's algorithm on, all but the first take 40 ms.
    assert taken_s[5] < 0.03


def test_nobody_else_gets_the_port_while_it_is_down(server: LoopbackServer) -> None:
    with server.down(), socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with pytest.raises(OSError, match="in use"):
            _listen(other, server.port)
    assert httpx.get(f"{server.url}/echo").text == "echo"


def _listen(other: socket.socket, port: int) -> None:
    other.bind((HOST, port))
    other.listen()


def test_a_given_port_is_taken_and_given_back(echo: Echo) -> None:
    with LoopbackServer(echo.app) as first:
        port = first.port
    with LoopbackServer(echo.app, port=port) as second:
        assert second.port == port
        assert httpx.get(f"{second.url}/echo").text == "echo"


def test_stopping_resets_a_request_in_flight(server: LoopbackServer, echo: Echo) -> None:
    latch = Latch()
    echo.plan.add(HoldBefore(latch))
    failures: Journal[httpx.TransportError] = Journal()

    def ask() -> None:
        try:
            httpx.get(f"{server.url}/echo")
        except httpx.TransportError as error:
            failures.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    latch.wait_reached()
    server.stop()
    asking.join(5)
    assert len(failures) == 1
    assert len(echo.served) == 0
    latch.release()


def test_a_reset_is_a_reset_and_not_an_end_of_stream(server: LoopbackServer, echo: Echo) -> None:
    echo.plan.add(ResetBefore())
    with socket.create_connection((HOST, server.port), timeout=5) as raw:
        raw.sendall(b"GET /echo HTTP/1.1\r\nHost: x\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            raw.recv(1)


def test_faults_are_met_oldest_first_and_then_used_up() -> None:
    plan = FaultPlan()
    any_fault, first, second = HttpStatus(500), HttpStatus(503), Slow(1)
    plan.add(any_fault)
    plan.add(first, operation="echo", times=2)
    plan.add(second, operation="echo")
    assert plan.owed() == 4
    met: list[Fault | None] = [plan.take("echo") for _ in range(5)]
    assert met == [first, first, second, any_fault, None]
    plan.add(first, operation="echo")
    plan.clear()
    assert plan.take("echo") is None


def test_a_held_request_is_served_once_released_and_dropped_when_its_client_leaves(
    server: LoopbackServer, echo: Echo
) -> None:
    kept, dropped = Latch(), Latch()
    echo.plan.add(HoldBefore(kept))
    echo.plan.add(HoldBefore(dropped))
    kept.release()
    assert httpx.get(f"{server.url}/echo").text == "echo"
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(f"{server.url}/echo", timeout=0.1)
    # Nobody released it: it ended because its client left, and was not served.
    echo.finished.wait_for(2)
    assert len(echo.served) == 1


def test_waiting_on_a_journal_ends_with_what_was_waited_for_or_says_what_came() -> None:
    journal: Journal[int] = Journal()
    writer = threading.Thread(target=lambda: list(map(journal.append, range(3))))
    writer.start()
    assert journal.wait_for(3, 5) == (0, 1, 2)
    writer.join()
    assert journal.wait_until(lambda number: number > 0, 5) == 1
    with pytest.raises(TimeoutError, match="3 of 4"):
        journal.wait_for(4, 0.01)
    with pytest.raises(TimeoutError, match=r"\[0, 1, 2\]"):
        journal.wait_until(lambda number: number > 2, 0.01)
    with pytest.raises(TimeoutError, match="nothing reached"):
        Latch().wait_reached(0.01)
