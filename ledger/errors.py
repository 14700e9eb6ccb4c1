"""The one error base: a stable code, a human sentence, and what kind of trouble it is.

Every edge translates by `code` or `kind` (cli: exit status; api: problem+json; bots: a kind sentence), so
an error's text must be a sentence its reader can act on.
"""

from enum import StrEnum
from typing import ClassVar


class ErrorKind(StrEnum):
    USAGE = "usage"
    DENIED = "denied"
    MISSING = "missing"
    CONFLICT = "conflict"
    UNAVAILABLE = "unavailable"
    FAILED = "failed"


class CrewdeskError(Exception):
    """Base of all errors Crewdesk raises on purpose. `str(error)` is one human sentence."""

    code: ClassVar[str] = "failed"
    kind: ClassVar[ErrorKind] = ErrorKind.FAILED
    worth_retrying: ClassVar[bool] = False


class InvalidInput(CrewdeskError):
    code = "invalid_input"
    kind = ErrorKind.USAGE


class SettingsInvalid(CrewdeskError):
    code = "settings_invalid"
    kind = ErrorKind.USAGE


class WorkspaceInvalid(CrewdeskError):
    """A file of the workspace is missing, unreadable or malformed; the sentence names file, line and key."""

    code = "workspace_invalid"
    kind = ErrorKind.USAGE


class UnknownWorkflow(CrewdeskError):
    code = "unknown_workflow"
    kind = ErrorKind.USAGE


class UnknownPrincipal(CrewdeskError):
    code = "unknown_principal"
    kind = ErrorKind.DENIED


class NotPermitted(CrewdeskError):
    code = "not_permitted"
    kind = ErrorKind.DENIED


class NotFound(CrewdeskError):
    code = "not_found"
    kind = ErrorKind.MISSING


class ExternalIdReused(CrewdeskError):
    """The same source and external id came with another request."""

    code = "external_id_reused"
    kind = ErrorKind.CONFLICT


class VarInUse(CrewdeskError):
    """Another process holds the `var/` folder of an embedded installation."""

    code = "var_in_use"
    kind = ErrorKind.CONFLICT


class SchemaOutdated(CrewdeskError):
    code = "schema_outdated"
    kind = ErrorKind.UNAVAILABLE


class DatabaseUnavailable(CrewdeskError):
    code = "database_unavailable"
    kind = ErrorKind.UNAVAILABLE
    worth_retrying = True


class LeaseLost(CrewdeskError):
    """A worker's fencing token is no longer the step's: somebody else holds it, and this result is
    refused."""

    code = "lease_lost"


class AuditBroken(CrewdeskError):
    code = "audit_broken"
