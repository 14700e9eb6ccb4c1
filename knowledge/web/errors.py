"""How the web fails to answer, each in a sentence a model can work with."""

from ledger.errors import CrewdeskError, ErrorKind


class AddressRefused(CrewdeskError):
    """We do not go there, whatever is there."""

    code = "address_refused"
    kind = ErrorKind.USAGE


class WebUnavailable(CrewdeskError):
    """It could not be had, or what came is not what can be read."""

    code = "web_unavailable"
    kind = ErrorKind.UNAVAILABLE
    worth_retrying = True
