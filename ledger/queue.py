"""The doorbell: a Celery message that carries a step's id and nothing else.

The database is the queue of record. A message may be lost, doubled or late; the relay rings again, and
`claim_step` decides who works.
"""

from celery import Celery
from kombu.exceptions import OperationalError

from ledger.errors import CrewdeskError, ErrorKind

RUN_STEP = "crews.run_step"
DOORBELL_EXPIRES_S = 60


class BrokerUnavailable(CrewdeskError):
    code = "broker_unavailable"
    kind = ErrorKind.UNAVAILABLE
    worth_retrying = True


def create_celery(broker_url: str) -> Celery:
    """A Celery application that speaks JSON, keeps no results and acknowledges early."""
    app = Celery("crewdesk", broker=broker_url, set_as_current=False)
    app.conf.update(
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_default_queue="crewdesk",
        # `claim_step` decides in the database who works, so an early acknowledgement loses nothing; a late
        # one makes a Redis restart kill the worker (seen with 5.7.0, 8 of 8 tries).
        task_acks_late=False,
        worker_prefetch_multiplier=1,
        worker_disable_prefetch=not _in_memory(broker_url),
        worker_max_tasks_per_child=50,
        worker_max_memory_per_child=2_000_000,
        worker_soft_shutdown_timeout=20,
        worker_enable_soft_shutdown_on_idle=True,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_send_task_events=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport="ledger.memory_broker:Transport" if _in_memory(broker_url) else None,
        broker_transport_options=_transport_options(broker_url),
    )
    return app


def ring(app: Celery, step_id: str) -> None:
    """Raises BrokerUnavailable."""
    try:
        app.send_task(RUN_STEP, args=[step_id], expires=DOORBELL_EXPIRES_S, retry=False)
    except (OperationalError, OSError) as error:
        raise BrokerUnavailable(f"The broker cannot be reached: {error}.") from error


def _in_memory(broker_url: str) -> bool:
    return broker_url.startswith("memory:")


def _transport_options(broker_url: str) -> dict[str, object]:
    if _in_memory(broker_url):
        return {}
    return {
        "visibility_timeout": 3600,
        "socket_timeout": 10,
        "socket_connect_timeout": 3,
        "socket_keepalive": True,
        "health_check_interval": 5,
        "global_keyprefix": "crewdesk:",
    }
