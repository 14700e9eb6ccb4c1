"""`python -m crews.scheduler`: rings doorbells, sweeps up after dead workers, ships spans, keeps the
catalog's figures up to date and follows tickets up. Loads no crew."""

import signal
import sys
import threading

from crews.tracing.shipper import create_shipper
from crews.triage.follow_up import FollowUpKeeper
from knowledge.warehouse.upkeep import CatalogKeeper
from ledger.crash_points import arm_crash_point
from ledger.db import Database
from ledger.errors import CrewdeskError
from ledger.log import configure_logging, get_logger
from ledger.migrate import check_schema
from ledger.queue import create_celery, ring
from ledger.relay import Relay
from ledger.settings import SchedulerSettings, load_settings

_log = get_logger(__name__)


def main() -> int:
    try:
        settings = load_settings(SchedulerSettings)
        configure_logging(settings.log_level, settings.log_format)
        arm_crash_point(settings.crash_at)
        db = Database(settings.ledger_url)
        check_schema(db)
        shipper = create_shipper(settings, db)
    except CrewdeskError as error:
        print(f"crewdesk scheduler: {error}", file=sys.stderr)
        return 2
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    app = create_celery(settings.broker_url)
    threads = [threading.Thread(target=Relay(db, lambda step_id: ring(app, step_id)).run, args=(stop,))]
    keeper = CatalogKeeper(db, settings.workspace, settings.var, settings.connection_urls)
    threads.append(threading.Thread(target=keeper.run, args=(stop,)))
    threads.append(threading.Thread(target=FollowUpKeeper(db, settings.workspace).run, args=(stop,)))
    if shipper is not None:
        threads.append(threading.Thread(target=shipper.run, args=(stop,)))
    for thread in threads:
        thread.start()
    _log.info("scheduler_started", ships_spans=shipper is not None)
    for thread in threads:
        thread.join()
    if shipper is not None:
        shipper.close()
    db.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
