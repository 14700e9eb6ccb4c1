"""What can go wrong while a report is made."""

from ledger.errors import CrewdeskError, ErrorKind


class ReportIncomplete(CrewdeskError):
    """Nothing fills a section that the template requires."""

    code = "report_incomplete"


class UnknownTemplate(CrewdeskError):
    code = "unknown_template"
    kind = ErrorKind.MISSING
