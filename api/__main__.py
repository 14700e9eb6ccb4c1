"""The API as a process of its own: `python -m api`."""

import sys

import uvicorn

from api.app import create_app
from ledger.artifacts import ARTIFACTS
from ledger.db import Database
from ledger.errors import CrewdeskError, ErrorKind
from ledger.log import configure_logging
from ledger.migrate import check_schema
from ledger.settings import ApiSettings, load_settings
from ledger.var_folder import api_key_secret

GRACE_S = 10


def main() -> int:
    try:
        settings = load_settings(ApiSettings)
        configure_logging(settings.log_level, settings.log_format)
        db = Database(settings.ledger_url)
        check_schema(db)
        secret = api_key_secret(settings)
    except CrewdeskError as error:
        print(f"crewdesk api: {error}", file=sys.stderr)
        return 2 if error.kind is ErrorKind.USAGE else 5
    try:
        # On SIGTERM and SIGINT uvicorn takes no new requests and gives those under way GRACE_S seconds.
        uvicorn.run(
            create_app(db, secret, settings.var / ARTIFACTS),
            host=settings.api_host,
            port=settings.api_port,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=GRACE_S,
        )
    finally:
        db.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
