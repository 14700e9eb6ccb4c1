"""`crewdesk audit`: proves that the record of who asked, approved, ran and changed what is whole."""

from typing import Annotated

import typer


def verify_command(
    as_json: Annotated[bool, typer.Option("--json", help="An AuditReport as JSON.")] = False,
) -> None:
    """Check every row of the audit chain; fails naming the first that does not hold.

    Keep the printed head somewhere else: only that shows a chain that was rewritten as a whole.

    [bold]Examples[/bold]

    crewdesk audit verify

    crewdesk audit verify --json
    """
    from cli.screen import open_screen, print_json
    from cli.shapes import AuditReport
    from cli.start import open_ledger, read_settings
    from ledger.audit import verify_audit
    from ledger.settings import ProcessSettings

    with open_ledger(read_settings(ProcessSettings)) as db:
        head = verify_audit(db)
    if as_json:
        print_json(AuditReport(rows=head.rows, head=head.hash))
        return
    screen = open_screen()
    screen.print(f"The audit chain is whole: {head.rows:,} rows.")
    screen.print(f"head {head.hash}", soft_wrap=True)
