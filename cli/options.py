"""Options that several commands have."""

from typing import Annotated

import typer

Who = Annotated[str, typer.Option("--as", metavar="EMAIL", help="Who looks; an address from people.yaml.")]
