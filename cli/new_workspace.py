"""`crewdesk init`: a small workspace to begin with, in a folder of its own."""

import json
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from ledger.errors import InvalidInput

WORKSPACE = """\
# What this workspace is called, and where its documents lie.
name: {name}
description: What your crew may know and whom it answers.
documents:
  - documents
# A Slack channel sees only what everyone may read, unless it is given more here. `when_busy` says what a
# further message in a thread does while one is worked on: queue (come next), merge, interrupt or reject.
# channels:
#   C0FINANCE: {{groups: [everyone, finance], when_busy: queue}}
"""

PEOPLE = """\
# Who may ask. A group opens documents, a role opens actions.
# Roles: employee, manager, steward, engineer, admin.
groups:
  everyone: All of us
  finance: Those who may read finance's documents

people:
  - email: you@company.example
    name: You
    groups: [everyone, finance]
    roles: [employee, admin]
    # slack: U0YOURSELF
  - email: colleague@company.example
    name: A colleague
    groups: [everyone]
    roles: [employee]
"""

META = """\
# How the documents of this folder are filed. `defaults` holds for all of them, `files` for one.
# Each folder below may have a _meta.yaml of its own.
defaults:
  owner: you@company.example
  collection: company
  groups: [everyone]
  classification: internal
files:
  welcome.md: {title: Welcome to Crewdesk}
"""

WELCOME = """\
# Welcome to Crewdesk

This page is the first document of your workspace. Replace it with your own once you have tried it.

## What to put here

Put documents into the folder `documents`: Markdown, text, HTML, PDF and Word files. A good document
answers the questions people really ask, has headings, and covers one subject. Sub-folders are welcome.

## Who sees a document

Each folder's `_meta.yaml` says which groups may read its documents, who owns them and when they are due
for review. Somebody outside those groups is not told that the document exists. Who is in which group is
said in `people.yaml`.

## After a change

Run `crewdesk ingest` after you have added, changed or removed documents. Unchanged documents cost nothing.
"""


def init_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that is empty or not there yet.")],
) -> None:
    """Make a new workspace: its people, its settings and a first document.

    [bold]Example[/bold]

    crewdesk init my-company
    """
    make_workspace(folder)
    typer.echo(f"Made a workspace in {folder}. Next:")
    typer.echo(f"  1. export CREWDESK_WORKSPACE={folder.absolute()} CREWDESK_VAR={folder.absolute()}-var")
    typer.echo("  2. put your people into people.yaml and your documents into documents/")
    typer.echo("  3. crewdesk ingest")
    typer.echo('  4. crewdesk ask "Who sees a document?" --as you@company.example')


def make_workspace(folder: Path) -> None:
    """All of it or nothing. Raises InvalidInput if the folder cannot be made or has something in it."""
    target = folder.absolute()
    try:
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise InvalidInput(f"{folder} is not an empty folder; name one that is, or a new one.")
        target.parent.mkdir(parents=True, exist_ok=True)
        # Written beside its place and moved there whole, so that a full disk leaves no half workspace.
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".crewdesk-init-") as scratch:
            made = Path(scratch) / "workspace"
            _write_files(made, name=target.name)
            if not target.exists():
                made.rename(target)
                return
            for item in made.iterdir():
                item.rename(target / item.name)
    except OSError as error:
        raise InvalidInput(f"{folder} cannot be made: {error.strerror or error}.") from error


def _write_files(folder: Path, *, name: str) -> None:
    documents = folder / "documents"
    documents.mkdir(parents=True)
    # A JSON string is a YAML string too, whatever the folder's name holds.
    (folder / "workspace.yaml").write_text(WORKSPACE.format(name=json.dumps(name[:80])), encoding="utf-8")
    (folder / "people.yaml").write_text(PEOPLE, encoding="utf-8")
    (documents / "_meta.yaml").write_text(META, encoding="utf-8")
    (documents / "welcome.md").write_text(WELCOME, encoding="utf-8")
