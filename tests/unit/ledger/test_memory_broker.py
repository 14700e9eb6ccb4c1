"""The single process's broker: a message wakes whoever waits for one, who looks no oftener than that."""

import threading
from collections.abc import Callable, Iterator

import pytest
from celery import Celery
from kombu import Connection, Consumer, Queue
from kombu.transport.virtual.base import Message

from ledger import memory_broker
from ledger.ids import new_id
from ledger.queue import create_celery, ring


class _Listener:
    """Consumes as a worker does; `looks` counts how often it looked for a message, and `looked` is set by
    each look. Told to go one at a time, it keeps each in `taken` for the test to take up."""

    def __init__(self, app: Celery, connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
        self.heard: list[str] = []
        self.looks = 0
        self.looked = threading.Event()
        self.taken: list[Message] = []
        self._ahead = False
        self._connection = connection
        queue = Queue(app.conf.task_default_queue, routing_key=app.conf.task_default_queue)
        self._consumer = Consumer(connection, [queue], callbacks=[self._hear], accept=["json"])
        self._consumer.consume()
        look = memory_broker.Transport._look

        def counted(transport: memory_broker.Transport, timeout: float | None) -> None:
            self.looks += 1
            try:
                look(transport, timeout)
            finally:
                self.looked.set()

        monkeypatch.setattr(memory_broker.Transport, "_look", counted)

    def listen(self, timeout_s: float) -> None:
        self._connection.drain_events(timeout=timeout_s)

    def one_at_a_time(self) -> None:
        self._consumer.qos(prefetch_count=1)
        self._ahead = True

    def _hear(self, body: list[list[str]], message: Message) -> None:
        self.heard += body[0]
        if self._ahead:
            self.taken.append(message)
        else:
            message.ack()


@pytest.fixture
def app() -> Iterator[Celery]:
    app = create_celery("memory://localhost/")
    # The queues are the process's, and another test's worker may listen to the usual one.
    app.conf.task_default_queue = f"crewdesk-{new_id()}"
    yield app
    app.close()


@pytest.fixture
def listener(app: Celery, monkeypatch: pytest.MonkeyPatch) -> Iterator[_Listener]:
    with app.connection_for_read() as connection:
        yield _Listener(app, connection, monkeypatch)


def test_a_message_wakes_whoever_waits(app: Celery, listener: _Listener) -> None:
    waiting = threading.Thread(target=listener.listen, args=(60.0,))
    waiting.start()
    assert listener.looked.wait(20.0)
    ring(app, "the step")
    waiting.join(20.0)
    assert not waiting.is_alive()
    assert listener.heard == ["the step"]
    assert listener.looks == 2


def test_messages_that_came_before_are_heard_in_their_order(app: Celery, listener: _Listener) -> None:
    for step in ("first", "second"):
        ring(app, step)
    for _ in range(2):
        listener.listen(60.0)
    assert listener.heard == ["first", "second"]
    assert listener.looks == 2


@pytest.mark.parametrize("take_up", [Message.ack, Message.reject])
def test_taking_one_up_lets_the_next_be_heard(
    app: Celery, listener: _Listener, take_up: Callable[[Message], None]
) -> None:
    """Where more is owed than a worker has hands, the next is heard when a hand is free, and not later."""
    listener.one_at_a_time()
    for step in ("first", "second"):
        ring(app, step)
    listener.listen(60.0)
    assert listener.heard == ["first"]
    listener.looked.clear()
    waiting = threading.Thread(target=listener.listen, args=(60.0,))
    waiting.start()
    assert listener.looked.wait(20.0)
    take_up(listener.taken.pop())
    waiting.join(20.0)
    assert not waiting.is_alive()
    assert listener.heard == ["first", "second"]


def test_without_a_message_the_wait_ends_as_celery_expects(listener: _Listener) -> None:
    with pytest.raises(TimeoutError):
        listener.listen(0.01)
    assert (listener.heard, listener.looks) == ([], 1)
