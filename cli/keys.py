"""`crewdesk keys`: makes and revokes the keys people call the HTTP API with."""

import sys
from typing import Annotated

import typer


def create_command(
    email: Annotated[
        str, typer.Argument(metavar="EMAIL", help="Whose key it is; an address from people.yaml.")
    ],
) -> None:
    """Make an API key. It is printed this once; only a hash of it is kept.

    [bold]Example[/bold]

    crewdesk keys create employee@larkspur.example
    """
    from cli.start import checked_email, open_ledger, read_settings
    from ledger.api_keys import create_api_key
    from ledger.settings import ApiSettings
    from ledger.var_folder import api_key_secret

    settings = read_settings(ApiSettings)
    owner = checked_email(email)
    with open_ledger(settings) as db:
        key = create_api_key(db, api_key_secret(settings), owner)
    print(key)
    print(
        f"Keep it now: it is not shown again. Revoke it with `crewdesk keys revoke {key.split('_')[1]}`.",
        file=sys.stderr,
    )


def revoke_command(
    key_id: Annotated[
        str, typer.Argument(metavar="ID", help="The part of the key between cd_ and the next _.")
    ],
) -> None:
    """Revoke an API key at once.

    [bold]Example[/bold]

    crewdesk keys revoke 0a1b2c3d4e5f
    """
    from cli.start import open_ledger, read_settings
    from ledger.api_keys import revoke_api_key
    from ledger.settings import ProcessSettings

    with open_ledger(read_settings(ProcessSettings)) as db:
        revoke_api_key(db, key_id.strip())
    print(f"The key {key_id.strip()} is revoked.")
