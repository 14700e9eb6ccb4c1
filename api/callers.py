"""Who is calling: the principal behind an API key.

Whatever is wrong with a key, the answer is the same 401, so that it tells nobody which keys exist.
"""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.problems import Unauthenticated
from ledger.api_keys import principal_for_key
from ledger.db import Database
from ledger.errors import NotPermitted
from ledger.people import Principal

_bearer = HTTPBearer(
    auto_error=False, bearerFormat="cd_<id>_<secret>", description="`crewdesk keys create EMAIL`"
)


def identify_caller(db: Database, api_key_secret: bytes) -> Callable[..., Principal]:
    """The dependency that turns the Authorization header into a principal."""

    def caller(presented: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> Principal:
        if presented is None:
            raise Unauthenticated("Send an API key as `Authorization: Bearer cd_...`.")
        try:
            return principal_for_key(db, api_key_secret, presented.credentials)
        except NotPermitted as error:
            raise Unauthenticated(str(error)) from error

    return caller
